/**
 * One line per step: its name, how long it took, a note, and below it the output of the step. On a terminal the line of
 * the running step is updated live; elsewhere a step that takes longer than a second announces itself.
 */
export type Progress = {
  /** Begins a step and ends the one before it. */
  start(name: string): void;
  /** A line of output of the running step. */
  say(line: string): void;
  /** Ends the running step, if any. */
  done(note?: string): void;
  /** Reports a step with nothing to do, unless it already has a line. */
  skipped(name: string, note: string): void;
};

/** The part of a terminal's stream that is used. */
export type Screen = { isTTY?: boolean; columns?: number; write(text: string): unknown };

const CLEAR = '\r\x1b[2K';
const WIDTH = 22;

export function progressOn(screen: Screen): Progress {
  const told = new Set<string>();
  let step: { name: string; began: number; lines: string[]; timer: NodeJS.Timeout } | undefined;

  const draw = () => {
    if (!step) return;
    const latest = step.lines.at(-1) ?? '';
    const line = `  ${step.name.padEnd(WIDTH)} ${seconds(step.began)}  ${latest}`;
    screen.write(`${CLEAR}${line.slice(0, (screen.columns || 80) - 1)}`);
  };

  const progress: Progress = {
    start(name) {
      progress.done();
      told.add(name);
      const timer = screen.isTTY ? setInterval(draw, 200) : setTimeout(() => screen.write(`  ${name} ...\n`), 1000);
      timer.unref();
      step = { name, began: performance.now(), lines: [], timer };
      if (screen.isTTY) draw();
    },
    say(line) {
      if (!step) screen.write(`  ${line}\n`);
      else step.lines.push(line);
    },
    done(note = '') {
      if (!step) return;
      clearInterval(step.timer);
      const line = `  ${step.name.padEnd(WIDTH)} ${seconds(step.began)}  ${note}`.trimEnd();
      const said = step.lines.map((text) => `      ${text}\n`);
      screen.write(`${screen.isTTY ? CLEAR : ''}${line}\n${said.join('')}`);
      step = undefined;
    },
    skipped(name, note) {
      progress.done();
      if (!told.has(name)) screen.write(`  ${name.padEnd(WIDTH)}          ${note}\n`);
    },
  };
  return progress;
}

function seconds(began: number): string {
  return `${((performance.now() - began) / 1000).toFixed(1).padStart(6)} s`;
}
