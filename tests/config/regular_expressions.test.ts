/** Every regular expression of the product takes linear time on every input: nothing that we read can stop a program. */
import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { expect, test } from 'vitest';
import { paramsSchema } from '../../ml/params.ts';
import { rulesOf } from '../../ml/text/rules.ts';
import { readSources } from '../../scripts/imports.ts';
import { type Attack, attacksOn } from '../support/pumps.ts';

const root = resolve(import.meta.dirname, '../..');
// The compiler of ci/ can list literals; that of the root is a program of its own.
const ts = createRequire(join(root, 'ci/package.json'))(
  'typescript',
) as typeof import('../../ci/node_modules/typescript/lib/typescript.js');

type Found = { file: string; text: string; expression: RegExp };

/** Literals, and `new RegExp` of a text, in which x stands for what is inserted. */
function expressionsOf(file: string, code: string): Found[] {
  const found: Found[] = [];
  const parsed = ts.createSourceFile(file, code, ts.ScriptTarget.Latest);
  const visit = (node: import('../../ci/node_modules/typescript/lib/typescript.js').Node): void => {
    if (ts.isRegularExpressionLiteral(node)) {
      const text = node.getText(parsed);
      const end = text.lastIndexOf('/');
      found.push({ file, text, expression: new RegExp(text.slice(1, end), text.slice(end + 1)) });
    } else if (ts.isNewExpression(node) && node.expression.getText(parsed) === 'RegExp') {
      const [pattern] = node.arguments ?? [];
      const source = pattern
        .getText(parsed)
        .slice(1, -1)
        .replace(/\$\{[^}]*\}/g, 'x')
        .replace(/\\\\/g, '\\');
      found.push({ file, text: source, expression: new RegExp(source) });
    }
    ts.forEachChild(node, visit);
  };
  visit(parsed);
  return found;
}

const LENGTHS = [25, 100, 400, 1600, 6400, 25_600];
// A linear one takes a tenth of this for the longest input, a quadratic one ten times as much.
const MOST_MILLISECONDS = 6;
// Processor time. What takes longer is measured again, beside a quarter of its length. A linear one takes four
// times as long as that, a quadratic one sixteen times.
const MOST_GROWTH = 8;
const TRIES = 5;

/** The length and the time of the first input that takes too long; undefined if none does. */
function slowness(expression: RegExp, { prefix, pump, suffix }: Attack): string | undefined {
  const timeOf = (length: number) => {
    const input = prefix + pump.repeat(Math.ceil(length / pump.length)) + suffix;
    const before = process.cpuUsage();
    input.replace(expression, '');
    const { user, system } = process.cpuUsage(before);
    return (user + system) / 1000;
  };
  for (const length of LENGTHS) {
    let least = timeOf(length);
    let quarter = Number.POSITIVE_INFINITY;
    for (let tries = 0; tries < TRIES && least > MOST_MILLISECONDS && least < 1000; tries++) {
      quarter = Math.min(quarter, timeOf(length / 4));
      least = Math.min(least, timeOf(length));
    }
    const isSlow = least > MOST_MILLISECONDS && (least >= 1000 || least > MOST_GROWTH * quarter);
    if (isSlow) return `${length} characters take ${least.toFixed(0)} ms`;
  }
}

function slowest(expression: RegExp): string | undefined {
  for (const attack of attacksOn(expression)) {
    const slow = slowness(expression, attack);
    if (slow) return `${JSON.stringify(attack)}: ${slow}`;
  }
}

test.each([
  ['a loop that ends at the end', /\/+$/],
  ['a loop that begins anywhere', /\d+(?:\.\d+)+/],
  ['a loop after a word', /alias .* not found/i],
  ['a loop within a loop', /^(?:a+)+$/],
  ['two loops over the same', /^\w+[a-z]+!$/],
  ['a loop that stops at a line end', /[?#].*$/],
])('%s is found to be slow', (_, expression) => {
  expect(slowest(expression)).toMatch(/take \d+ ms$/);
});

test('every regular expression takes linear time', () => {
  const found = [...readSources()].flatMap(([file, code]) =>
    /[/]|RegExp/.test(code) ? expressionsOf(file, code) : [],
  );
  expect(found.length).toBeGreaterThan(200);
  const slow = found.flatMap(({ file, text, expression }) => {
    const why = slowest(expression);
    return why ? [`${file} ${text}: ${why}`] : [];
  });
  expect(slow).toEqual([]);
});

test('every rule for texts takes linear time, as it is put together', () => {
  const { data_preprocessing: settings } = paramsSchema.parse({ data_preprocessing: { written_out: true } });
  const patterns = rulesOf(settings).flatMap(({ pattern }) =>
    // The second text is one that was encoded twice.
    pattern instanceof RegExp ? [pattern] : [pattern('x'), pattern('\xd0\xb5\xd0\xb5')],
  );
  expect(patterns.length).toBeGreaterThan(20);
  expect(patterns.flatMap((pattern) => slowest(pattern) ?? [])).toEqual([]);
});
