/**
 * One line for each step: its name, how long it took, a note, and under it what the step itself had to say. On a
 * terminal the line of the step at work is kept up to date; elsewhere a step that takes over a second says that it began.
 */
export type Progress = {
  /** Begins a step; the one before it is done. */
  start(name: string): void;
  /** Something the step at work says. */
  say(line: string): void;
  /** Ends the step at work, if there is one. */
  done(note?: string): void;
  /** A step with nothing to do; not worth a line when it has had one. */
  skipped(name: string, note: string): void;
};

/** The part of a terminal's stream that is needed. */
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
