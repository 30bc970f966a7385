/** `sentiment predict` on real files. */
import { once } from 'node:events';
import { linkSync, mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { text as readAll } from 'node:stream/consumers';
import { setTimeout as wait } from 'node:timers/promises';
import { gunzipSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { expectFailure, runCli, startCli } from './support/cli.ts';
import { useCliWorkspace } from './support/cli_workspace.ts';

const { file, model, names, path } = useCliWorkspace();

const predict = (data: string, ...args: string[]) => runCli(['predict', '--model', model, '--data', data, ...args]);

test('keeps rows, order and columns, and adds two', async () => {
  const rows = ['7,"dull, tired",x', '8,"a ""joy""\nand more",', '9,warm and funny,y'];
  const out = path('out.csv');
  const result = await predict(file('in.csv', `id,text,note\n${rows.join('\n')}\n`), '--out', out);
  expect(result.stderr).toContain('3 rows');
  const written = readFileSync(out, 'utf8');
  expect(written).toMatch(/^id,text,note,label,probability\n/);
  expect(written).toMatch(
    /\n7,"dull, tired",x,negative,0\.\d+\n8,"a ""joy""\nand more",,positive,0\.\d+\n9,.+,y,positive,/,
  );
  expect(names()).toEqual(['in.csv', 'out.csv']);
});

test('threads change neither rows nor order, and the first bad row of a large file ends it with its line', async () => {
  const note = 'x'.repeat(200);
  const rows = Array.from(
    { length: 9000 },
    (_, i) => `${i},"a ${i % 3 ? 'wonderful' : 'dull'} film,${i % 5 ? '' : '\n'} number ${i}",${note}\n`,
  );
  const data = file('in.csv', `id,text,note\n${rows.join('')}`);
  const alone = await predict(data, '--threads', '0');
  expect(alone.stdout.split('\n')).toHaveLength(9002 + 1800);
  expect((await predict(data, '--threads', '2')).stdout).toBe(alone.stdout);
  rows[8000] = '8000\n';
  const broken = await predict(file('broken.csv', `id,text,note\n${rows.join('')}`), '--threads', '2');
  expectFailure(broken, 1, 'broken.csv:9602');
  // All rows before it are written.
  expect(broken.stdout).toBe(`${alone.stdout.split('\n').slice(0, 9601).join('\n')}\n`);
});

test('threads leave the same bad rows out as one thread does', async () => {
  const rows = Array.from({ length: 9000 }, (_, i) => `{"text":"dull film ${i}","note":"${'x'.repeat(200)}"}\n`);
  rows[10] = 'no JSON\n';
  rows[8000] = '[]\n';
  const data = file('in.jsonl', rows.join(''));
  const [alone, both] = await Promise.all(['0', '2'].map((n) => predict(data, '--keep-going', '--threads', n)));
  expect(alone).toMatchObject({ code: 4, stderr: expect.stringContaining('in.jsonl:8001: the line is an array') });
  expect(both.stdout).toBe(alone.stdout);
  expect(both.stderr.split('\n').slice(0, 2)).toEqual(alone.stderr.split('\n').slice(0, 2));
});

test('reads and writes CSV, TSV and JSONL, gzipped or not', async () => {
  const csv = file('in.csv', 'id,text\n1,wonderful\n2,awful\n');
  const steps = ['a.tsv', 'b.jsonl.gz', 'c.csv'].map((name) => path(name));
  await predict(csv, '--out', steps[0], '--prefix', 'one_');
  await predict(steps[0], '--out', steps[1], '--prefix', 'two_');
  await predict(steps[1], '--out', steps[2], '--prefix', 'three_');
  expect(readFileSync(steps[0], 'utf8')).toMatch(/^id\ttext\tone_label\tone_probability\n1\twonderful\tpositive\t/);
  expect(gunzipSync(readFileSync(steps[1])).toString()).toContain('"two_label":"negative"');
  const [header, first] = readFileSync(steps[2], 'utf8').split('\n');
  expect(header).toBe('id,text,one_label,one_probability,two_label,two_probability,three_label,three_probability');
  const cells = first.split(',');
  expect(cells.slice(2)).toEqual([...cells.slice(2, 4), ...cells.slice(2, 4), ...cells.slice(2, 4)]);
});

test('a row without text keeps label and probability empty, and is counted', async () => {
  const data = file('in.jsonl', '{"text":""}\n{"text":null,"id":1}\n{"id":2}\n{"text":"awful"}\n{"text":2001}\n');
  const { stdout, stderr } = await predict(data);
  const rows = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(rows.map((row) => row.label)).toEqual([null, null, null, 'negative', null]);
  expect(rows[4].probability).toEqual(expect.any(Number));
  expect(rows[1]).toEqual({ text: null, id: 1, label: null, probability: null });
  expect(stderr).toContain('3 without text');
  expect(stderr).toContain('1 without an answer');
});

test('says how much it knows of texts in another language, and leaves the label out where that is nothing', async () => {
  const data = file('in.csv', 'text\nwonderful and moving\na joy zu sehen heute\nschlecht\n');
  const { stdout, stderr } = await predict(data, '--known-share');
  expect(stdout).toMatch(/^text,label,probability,known_share\n/);
  const rows = stdout.trim().split('\n').slice(1);
  expect(rows.map((row) => row.split(',').at(-1))).toEqual(['1', '0.4', '0']);
  expect(rows[2]).toMatch(/^schlecht,,0\.\d+,0$/);
  const warning = 'in 2 texts the model knows less than 60 % of the words, so the result may be unreliable\n';
  expect(stderr).toContain(warning);
  const single = await runCli(['predict', '--model', model, '--known-share', 'wonderful schlecht']);
  expect(single.stdout).toMatch(/^(positive|negative)\t0\.\d{4}\t0\.5000\twonderful schlecht\n$/);
  expect(single.stderr).toContain('in 1 text the model knows');
});

test('--written-out reads the line ends that an export has written out', async () => {
  const data = file('in.csv', 'text\nIt was a joy\\nwonderful\n"It was a joy\nwonderful"\n');
  const [, one, ...same] = (await predict(data, '--written-out')).stdout.trim().split('\n');
  expect(one.split(',').slice(1)).toEqual(same.join('\n').split(',').slice(1));
  expect((await predict(data)).stdout.split('\n')[1]).not.toBe(one);
});

test('nested fields and lone surrogates pass through JSONL unchanged', async () => {
  const { stdout } = await predict(file('in.jsonl', '{"text":"a \\ud800 joy","tags":["x",{"y":1}]}\n'));
  expect(stdout).toMatch(
    /^\{"text":"a \\ud800 joy","tags":\["x",\{"y":1\}\],"label":"positive","probability":0\.\d+\}\n$/,
  );
});

test('--keep-going leaves bad rows out, tells their lines, reports them and ends with code 4', async () => {
  const content = Buffer.concat([
    Buffer.from('id,text\n1,warm\n2,caf'),
    Buffer.from([0xc3]),
    Buffer.from('\n3,dull\n4,fine, but pricey\n5,moving\n'),
  ]);
  const [out, report] = [path('out.csv'), path('bad.csv')];
  const result = await predict(file('in.csv', content), '--out', out, '--keep-going', '--bad-rows', report);
  expect(readFileSync(out, 'utf8')).toMatch(/^id,text,label,probability\n1,warm,.+\n3,dull,.+\n5,moving,.+\n$/);
  expect(readFileSync(report, 'utf8')).toBe(
    'line,column,problem\n3,text,is not valid UTF-8\n5,,"the row has 3 cells, the header has 2"\n',
  );
  expect(result.stderr).toContain('in.csv:3: column "text" is not valid UTF-8; left out');
  expect(result.stderr).toMatch(/3 rows in .*\(2 bad rows left out\) -> .*out\.csv/);
  expect(result.code).toBe(4);
});

test('--keep-going without a bad row ends with code 0', async () => {
  const result = await predict(file('in.jsonl', '{"text":"warm"}'), '--keep-going');
  expect(result.stdout).toMatch(/^\{"text":"warm","label":"positive","probability":0\.\d+\}$/);
  expect(result.code).toBe(0);
});

test('--keep-going leaves out rows that the output cannot hold, and texts that are lists', async () => {
  const data = file('in.jsonl', '{"text":"fine"}\n{"text":"a","more":1}\n{"text":["a"]}\n{"text":"\\ud800"}\n{\n');
  const result = await predict(data, '--out', path('out.csv'), '--keep-going');
  expect(readFileSync(path('out.csv'), 'utf8').split('\n')).toHaveLength(3);
  for (const line of [2, 3, 4, 5]) expect(result.stderr).toContain(`in.jsonl:${line}: `);
  expect(result.code).toBe(4);
});

test('a cell of 10 MB is a text like any other', async () => {
  const text = 'wonderful and moving '.repeat(500_000);
  const out = path('out.jsonl');
  const result = await predict(file('in.csv', `text\n${text}\nawful\n`), '--out', out);
  expect(result.code).toBe(0);
  const [first, second] = readFileSync(out, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect([first.text.length, first.label, second.label]).toEqual([text.length, 'positive', 'negative']);
});

test.each([
  ['broken quotes', 'in.csv', 'text\nfine\n"dull" film\n', 1, ['in.csv:3', '"text"', 'CSV_QUOTES']],
  ['a NUL character', 'in.csv', 'text\nfine\ndu\0ll\n', 1, ['in.csv:3', '"text"', 'NUL']],
  ['bytes that are not UTF-8', 'in.csv', Buffer.from('text\nfin\xc3\n', 'latin1'), 1, ['in.csv:2', 'UTF-8']],
  ['a cell too many', 'in.csv', 'text\nfine,indeed\n', 1, ['in.csv:2', '2 cells']],
  ['invalid JSON', 'in.jsonl', '{"text":"fine"}\n{"text":\n', 1, ['in.jsonl:2', 'not valid JSON']],
  ['a text that is a list', 'in.jsonl', '{"text":"fine"}\n{"text":["dull"]}\n', 1, ['in.jsonl:2', '"text"']],
  ['an empty file', 'in.csv', '', 1, ['in.csv is empty']],
  ['a missing column', 'in.csv', 'review\nfine\n', 2, ['no column "text"']],
  ['a column called label', 'in.csv', 'text,label\nfine,1\n', 2, ['already has a column "label"', '--prefix']],
  [
    'a later row with a field label',
    'in.jsonl',
    '{"text":"a"}\n{"text":"b","label":1}\n',
    2,
    ['in.jsonl:2', '--prefix'],
  ],
  ['a name that does not show a format', 'in.txt', 'text\nfine\n', 2, ['in.txt', '.csv, .tsv or .jsonl']],
])('%s is an error with its place, and leaves no output', async (_, name, content, code, words) => {
  const result = await predict(file(name, content), '--out', path('out.jsonl'));
  expectFailure(result, code, ...words);
  expect(names()).toEqual([name]);
});

test('a failed run leaves an earlier output unchanged', async () => {
  const out = file('out.csv', 'text,label,probability\nold,positive,0.9\n');
  await predict(file('in.csv', 'text\nfine\n"dull" film\n'), '--out', out);
  expect(readFileSync(out, 'utf8')).toContain('old,positive,0.9');
});

test('never overwrites its input, whatever link names it', async () => {
  const data = file('in.csv', 'text\nfine\n');
  symlinkSync(data, path('symbolic.csv'));
  linkSync(data, path('hard.csv'));
  for (const name of ['in.csv', 'symbolic.csv', 'hard.csv']) {
    expectFailure(await predict(data, '--out', path(name)), 2, 'OUT_IS_INPUT');
  }
  expect(readFileSync(data, 'utf8')).toBe('text\nfine\n');
});

test('writes through a symbolic link to its target', async () => {
  const target = file('target.csv', '');
  symlinkSync(target, path('link.csv'));
  await predict(file('in.csv', 'text\nawful\n'), '--out', path('link.csv'));
  expect(readFileSync(target, 'utf8')).toContain('awful,negative');
});

test('reports an output that cannot be written before it does any work', async () => {
  const data = file('in.csv', 'text\nfine\n');
  expectFailure(await predict(data, '--out', path('none/out.csv')), 1, 'does not exist', 'OUT_UNWRITABLE');
  mkdirSync(path('folder.csv'));
  expectFailure(await predict(data, '--out', path('folder.csv')), 2, 'is a folder');
});

test('a missing input is named', async () => {
  expectFailure(await predict(path('none.csv')), 1, 'none.csv', 'no such file');
});

test('predicts an argument, or each line of stdin, and prints one line per text', async () => {
  const one = await runCli(['predict', '--model', model, 'wonderful\nand\u001b[2J moving']);
  expect(one.stdout).toMatch(/^positive\t0\.\d{4}\twonderful and \[2J moving\n$/);
  const lines = await runCli(['predict', '--model', model], { input: 'awful and empty\n\nwonderful' });
  expect(lines.stdout).toMatch(/^negative\t\S+\tawful and empty\n\t\t\npositive\t\S+\twonderful\n$/);
});

test('a table can come from stdin', async () => {
  const result = await runCli(['predict', '--model', model, '--data', '-', '--format', 'tsv'], {
    input: 'text\tn\nawful\t1\n',
  });
  expect(result.stdout).toMatch(/^text\tn\tlabel\tprobability\nawful\t1\tnegative\t0\.\d+\n$/);
});

test('ends quietly when the reader closes the pipe', async () => {
  const data = file('in.csv', `text\n${'awful and empty\n'.repeat(200_000)}`);
  const child = startCli(['predict', '--model', model, '--data', data]);
  const stderr = readAll(child.stderr!);
  child.stdout!.once('data', () => child.stdout!.destroy());
  const [code] = await once(child, 'exit');
  expect([code, await stderr]).toEqual([0, '']);
});

test.each(['SIGINT', 'SIGTERM'] as const)('%s ends it and leaves no output behind', async (signal) => {
  const out = path('out.csv');
  const child = startCli(['predict', '--model', model, '--data', '-', '--out', out]);
  child.stdin!.write(`text\n${'awful and empty\n'.repeat(50_000)}`);
  // The first rows are in the temporary file, and the program waits for more.
  await until(() => names().some((name) => sizeOf(path(name)) > 0));
  child.kill(signal);
  const [code] = await once(child, 'exit');
  expect([code, names()]).toEqual([signal === 'SIGINT' ? 130 : 143, []]);
});

test('tells a damaged model from a missing one', async () => {
  const bytes = readFileSync(model);
  bytes[bytes.length >> 1] ^= 1;
  expectFailure(await runCli(['predict', '--model', file('x.model', bytes), 'fine']), 1, 'x.model', 'MODEL_DAMAGED');
  expectFailure(await runCli(['predict', '--model', path('none'), 'fine']), 1, 'MODEL_MISSING');
});

test('gives back a table of Excel and ids of 19 digits unchanged', async () => {
  const excel = '\ufeffid,text\r\n"007","très bon"\r\n';
  await predict(file('excel.csv', excel), '--out', path('again.csv'));
  expect(readFileSync(path('again.csv'), 'utf8')).toMatch(
    /^\ufeffid,text,label,probability\r\n"007","très bon",,0\.\d+\r\n$/,
  );
  const json = '{"id": 1234567890123456789, "score": 5.0, "text": "warm"}\n';
  const jsonOut = await predict(file('in.jsonl', json));
  expect(jsonOut.stdout).toContain('{"id": 1234567890123456789, "score": 5.0, "text": "warm","label":"positive",');
  await predict(path('in.jsonl'), '--out', path('out.csv'));
  expect(readFileSync(path('out.csv'), 'utf8')).toContain('\n1234567890123456789,5.0,warm,positive,');
});

test('under npm, relative paths start in the folder that the person is in', async () => {
  file('new.csv', 'text\nlovely\n');
  const env = { INIT_CWD: dirname(path('new.csv')), npm_lifecycle_event: 'sentiment' };
  const args = ['predict', '--model', model, '--data', 'new.csv', '--out', 'out.csv'];
  expect((await runCli(args, { env })).code).toBe(0);
  expect(names()).toEqual(['new.csv', 'out.csv']);
  const other = await runCli(args, { env: { ...env, npm_lifecycle_event: 'test' } });
  expectFailure(other, 1, 'cannot read new.csv');
});

test('several text columns are judged as one text', async () => {
  const data = file('in.csv', 'title,text\nwarm,moving\n');
  const { stdout } = await predict(data, '--text-column', 'title', 'text');
  const joined = await runCli(['predict', '--model', model, 'warm. moving']);
  const [, label, probability] = /(\w+),([\d.]+)\n$/.exec(stdout) ?? [];
  expect(joined.stdout).toBe(`${label}\t${Number(probability).toFixed(4)}\twarm. moving\n`);
  expectFailure(await predict(data, '--out', 'a.csv', '--out', 'b.csv'), 2, '--out is given twice', '"b.csv"');
});

test('takes no name of a file for a text', async () => {
  const name = file('my reviews.csv', 'text\nwonderful\n');
  expectFailure(await runCli(['predict', '--model', model, name]), 2, `"${name}" is a file`, '--data');
});

test('refuses contradictory arguments', async () => {
  expectFailure(await runCli(['predict', '--model', model, '--data', 'x.csv', 'fine']), 2, 'a text and --data');
  expectFailure(await runCli(['predict', '--model', model, '--out', 'x.csv']), 2, '--out needs --data');
});

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}

async function until(condition: () => boolean): Promise<void> {
  for (const deadline = Date.now() + 30_000; !condition(); await wait(20)) {
    if (Date.now() > deadline) throw new Error('the condition did not become true within 30 s');
  }
}
