/** The sources that data_ingestion names, each with all of its settings, and the items of each under names of its own. */
import { basename } from 'node:path';
import { usageError } from '../errors.ts';
import type { DataIngestionParams } from '../params.ts';
import type { BadRow, Candidate } from './candidate.ts';
import { embeddedNames } from './embedded.ts';

type Environment = Record<string, string | undefined>;

/** One source: its own settings, and beside them those of data_ingestion. */
export type SourcePart = Omit<DataIngestionParams, 'sources'> & {
  weight: number;
  domain: string;
  /** Stands before its groups, and before its ids if there are several sources: its domain, with a number if that repeats. */
  mark: string;
};

/** The sources in their order; embedded:all stands for the embedded corpora. */
export function sourcesOf({ sources, ...common }: DataIngestionParams): SourcePart[] {
  const given = sources ?? [{ source: common.source }];
  const parts = given.flatMap((own) => expand({ ...common, ...own }));
  const seen = new Map<string, number>();
  return parts.map((part) => {
    const count = (seen.get(part.domain) ?? 0) + 1;
    seen.set(part.domain, count);
    return { ...part, mark: count === 1 ? part.domain : `${part.domain}-${count}` };
  });
}

/**
 * What a text of embedded:all counts if nothing is said: less than 1, which is a stronger penalty. What a word says in one domain holds
 * in another only in part, and texts of one's own count more beside it (docs/model.md, Domains that it has not seen).
 */
const WEIGHT_OF_ALL = 0.4;

function expand(settings: Omit<DataIngestionParams, 'sources'>): Omit<SourcePart, 'mark'>[] {
  const { source, domain } = settings;
  if (source !== 'embedded:all')
    return [{ ...settings, weight: settings.weight ?? 1, domain: domain ?? domainOf(source) }];
  const { weight = WEIGHT_OF_ALL } = settings;
  return embeddedNames.map((name) => ({
    ...settings,
    source: `embedded:${name}`,
    weight,
    domain: domain ?? name,
  }));
}

const FROM_ENVIRONMENT = /^env:([A-Za-z_][A-Za-z0-9_]*)$/;

/**
 * Where a source is: itself, or for env:NAME what that variable holds. An address with a signature is secret, so it is only
 * used, and params.yaml, dvc.lock, reports, MLflow and the model say env:NAME. Throws SOURCE_UNSET (2).
 */
export function placeOf(source: string, env: Environment = process.env): string {
  const [, name] = FROM_ENVIRONMENT.exec(source) ?? [];
  if (name === undefined) return source;
  const place = env[name]?.trim();
  if (place) return place;
  throw usageError(
    'SOURCE_UNSET',
    `the source of texts is ${source}, and the environment variable ${name} is not set`,
    `set it to the address or path of the texts: export ${name}=...`,
  );
}

/** Whether the place of the source is a secret of the environment. */
export function isFromEnvironment(source: string): boolean {
  return FROM_ENVIRONMENT.test(source);
}

/** Whether a source is a file or a folder, and not a corpus or an address. */
export function isFilePath(source: string): boolean {
  return !/^(embedded:|https?:\/\/|s3:\/\/)/i.test(source);
}

/** The name of the corpus, or of the file or folder without its endings, as far as metrics can be called by it. */
function domainOf(source: string): string {
  const path = source.replace(/^(?:embedded|env):/, '').replace(/[?#].*$/s, '');
  const name = basename(path)
    .toLowerCase()
    .replace(/\..*$/s, '')
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 40);
  return name === '' || /(^|_)se$/.test(name) ? `${name}_texts`.replace(/^_/, '') : name;
}

/**
 * The items of a source with its domain and weight. Of several sources, ids and groups become unique. A single file keeps its
 * groups, so that they stay on their side of the split when the file gets another name; an embedded corpus has the same ones
 * alone and in embedded:all.
 */
export async function* markItems(
  items: AsyncIterable<Candidate | BadRow>,
  { source, domain, weight, mark }: Pick<SourcePart, 'source' | 'domain' | 'weight' | 'mark'>,
  several: boolean,
): AsyncGenerator<Candidate | BadRow, void> {
  const isMarked = several || source.startsWith('embedded:');
  for await (const item of items) {
    if ('problem' in item) yield item;
    else {
      const { id, group } = item;
      yield {
        ...item,
        id: several ? `${mark}/${id}` : id,
        ...(group !== undefined && { group: isMarked ? `${mark}/${group}` : group }),
        domain,
        ...(weight !== 1 && { weight }),
      };
    }
  }
}
