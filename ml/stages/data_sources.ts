/**
 * Runs before stage 1, every time: notes what the files of the sources contain, and the model that is a prior, so that stages run
 * again when one of them changes under its name. DVC cannot depend on the files themselves, because the same setting may be a corpus or an
 * address. A file under DVC that is missing is pulled from the remote.
 */
import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, statSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { isFilePath, isFromEnvironment, placeOf, sourcesOf } from '../corpus/sources.ts';
import { runMain, SentimentError } from '../errors.ts';
import { writeJson } from '../files.ts';
import { isPriorFile } from '../lexicon/table_names.ts';
import { readParams } from '../params.ts';
import { paths } from './paths.ts';

await runMain(async () => {
  const { data_ingestion: settings, feature_engineering } = readParams();
  const named = [...sourcesOf(settings).map(({ source }) => source), settings.test_source ?? []].flat();
  if (isPriorFile(feature_engineering.prior)) named.push(feature_engineering.prior);
  const contents: Record<string, string> = {};
  for (const name of new Set(named)) {
    // Without its variable, data_ingestion can still be up to date.
    if (isFromEnvironment(name) && !process.env[name.slice('env:'.length)]?.trim()) continue;
    const source = placeOf(name);
    if (!isFilePath(source)) continue;
    if (!existsSync(source)) pull(source);
    contents[name] = await digestOf(source);
    console.log(`${name}: SHA-256 ${contents[name].slice(0, 12)}`);
  }
  writeJson(paths.sources, contents);
});

/** Throws SOURCE_NOT_PULLED. Nothing happens for a file that is not under DVC: data_ingestion reports that it is missing. */
function pull(source: string): void {
  const pointer = pointerOf(source);
  if (pointer === undefined) return;
  console.log(`${source} is under DVC: pulling it from the remote`);
  const { status, error } = spawnSync('dvc', ['pull', source], { stdio: 'inherit' });
  if (status === 0 && existsSync(source)) return;
  throw new SentimentError('SOURCE_NOT_PULLED', `${source} is under DVC (${pointer}), but dvc pull did not bring it`, {
    cause: error,
    next: `push it from the machine that has it (dvc push ${source}), and name the remote that has it: dvc remote list`,
  });
}

/** The .dvc file of a file or of a folder that holds it. */
function pointerOf(source: string): string | undefined {
  for (let path = source; path !== dirname(path); path = dirname(path)) {
    if (existsSync(`${path}.dvc`)) return `${path}.dvc`;
  }
  return undefined;
}

/** SHA-256 of a file, or of the names and contents of all files of a folder; empty for a missing one. */
async function digestOf(path: string): Promise<string> {
  const facts = statSync(path, { throwIfNoEntry: false });
  if (!facts) return '';
  const hash = createHash('sha256');
  if (facts.isDirectory()) {
    const entries = await readdir(path, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    for (const file of files.sort()) hash.update(`${file}\0${await digestOf(file)}\0`);
  } else for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}
