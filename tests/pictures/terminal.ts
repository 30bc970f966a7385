/**
 * What a command prints, as a picture: runs it, keeps its lines, and draws the last of them as SVG with text that can be
 * selected, light and dark as the reader's browser wants it.
 */
import { spawn } from 'node:child_process';
import { escapeHtml } from '../../service/page/html.ts';

export type Recording = { command: string; lines: string[]; seconds: number; code: number };

/** `command` is what the picture shows; `program` and `args` are what runs. Rejects if it does not end with one of `codes`. */
export function record(
  command: string,
  [program, ...args]: string[],
  options: { cwd: string; env: NodeJS.ProcessEnv },
  codes: readonly number[] = [0],
): Promise<Recording> {
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { ...options, stdio: ['ignore', 'pipe', 'pipe'] });
    let text = '';
    const add = (chunk: Buffer) => {
      text += chunk.toString();
    };
    child.stdout.on('data', add);
    child.stderr.on('data', add);
    child.on('error', reject);
    child.on('close', (code) => {
      const seconds = (performance.now() - started) / 1000;
      if (code !== null && codes.includes(code)) resolve({ command, lines: linesOf(text), seconds, code });
      else reject(new Error(`${command} ended with ${code}:\n${text}`));
    });
  });
}

/** A carriage return writes over its line; colours are left out, and so is what only says that a step begins. */
function linesOf(text: string): string[] {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences begin with one
  const plain = text.replace(/\u001b\[[0-9;?]*[A-Za-z]/g, '');
  return plain
    .trimEnd()
    .split('\n')
    .map((line) => line.trimEnd().split('\r').at(-1) ?? '')
    .filter((line) => !/^ {2}\w+ \.\.\.( \d+ s)?$/.test(line));
}

/** Several commands on one screen. */
export function together([first, ...more]: Recording[]): Recording {
  const lines = more.flatMap(({ command, lines }) => ['', `$ ${command}`, ...lines]);
  return { ...first, lines: [...first.lines, ...lines] };
}

const MARK = '      ...';
const COLUMNS = 110;
const CHARACTER = 7.83;
const LINE = 18;

/**
 * At most `most` lines: the first ones, a mark for what is left out, the last ones. Lines that `omit` matches are left out too,
 * with a mark for each run of them.
 */
export function drawTerminal({ command, lines }: Recording, title: string, omit = /(?!)/, most = 44): string {
  const kept = lines
    .map((line) => (omit.test(line) ? MARK : line))
    .filter((line, i, all) => line !== MARK || all[i - 1] !== MARK);
  const clipped = kept.map((line) => (line.length > COLUMNS ? `${line.slice(0, COLUMNS - 2)} …` : line));
  const first = Math.floor(most / 3);
  const rest = clipped.length - most + first + 1;
  const shown = clipped.length <= most ? clipped : [...clipped.slice(0, first), MARK, ...clipped.slice(rest)];
  const width = Math.ceil(COLUMNS * CHARACTER + 40);
  const height = (shown.length + 1) * LINE + 62;
  const rows = [`$ ${command}`, ...shown].map((line, i) => {
    const bad = /error:|refused|failed/i.test(line) && !/^ *ok /.test(line);
    const tone = line.startsWith('$ ') ? ' class="typed"' : bad ? ' class="bad"' : '';
    return `<text${tone} x="20" y="${54 + i * LINE}">${escapeHtml(line)}</text>`;
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img">
<title>${escapeHtml(title)}</title>
<style>
text { font: 13px ui-monospace, SFMono-Regular, Menlo, Consolas, "DejaVu Sans Mono", monospace; white-space: pre; fill: #1f2328; }
.typed { font-weight: 700; } .bad { fill: #a2400c; }
.frame { fill: #f6f8fa; stroke: #d0d7de; } circle { fill: #d0d7de; }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3; } .bad { fill: #f5ab78; } .frame { fill: #0d1117; stroke: #3d444d; } circle { fill: #3d444d; }
}
</style>
<rect class="frame" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="8"/>
<circle cx="22" cy="20" r="5"/><circle cx="40" cy="20" r="5"/><circle cx="58" cy="20" r="5"/>
${rows.join('\n')}
</svg>
`;
}
