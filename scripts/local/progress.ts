/**
 * One line per step: its name, how long it took, a note, and below it the output of the step. On a terminal the line of
 * the running step is updated live; elsewhere a step that takes longer than a second announces itself, and says every two
 * seconds that it is still running.
 */
export type Progress = {
  /** Begins a step and ends the one before it. */
  start(name: string): void;
  /** The same for a program that has yet to start, which leaves no line of its own. */
  wait(name: string): void;
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
  let step: { name: string; began: number; lines: string[]; waiting: boolean; timer: NodeJS.Timeout } | undefined;

  const draw = () => {
    if (!step) return;
    const latest = step.lines.at(-1) ?? '';
    const line = `  ${step.name.padEnd(WIDTH)} ${seconds(step.began)}  ${latest}`;
    screen.write(`${CLEAR}${line.slice(0, (screen.columns || 80) - 1)}`);
  };

  const announce = () => {
    if (!step) return;
    const passed = Math.round((performance.now() - step.began) / 1000);
    screen.write(`  ${step.name} ...${passed > 1 ? ` ${passed} s` : ''}\n`);
    step.timer = setTimeout(announce, 2000).unref();
  };

  const begin = (name: string, waiting: boolean) => {
    progress.done();
    const timer = screen.isTTY ? setInterval(draw, 200) : setTimeout(announce, 1000);
    step = { name, began: performance.now(), lines: [], waiting, timer: timer.unref() };
    if (screen.isTTY) draw();
  };

  const progress: Progress = {
    start(name) {
      begin(name, false);
      told.add(name);
    },
    wait(name) {
      begin(name, true);
    },
    say(line) {
      if (!step) screen.write(`  ${line}\n`);
      else step.lines.push(line);
    },
    done(note = '') {
      if (!step) return;
      clearInterval(step.timer);
      const line = `  ${step.name.padEnd(WIDTH)} ${seconds(step.began)}  ${note}`.trimEnd();
      const said = step.lines.map((text) => `${step?.waiting ? '  ' : '      '}${text}\n`);
      screen.write(`${screen.isTTY ? CLEAR : ''}${step.waiting ? '' : `${line}\n`}${said.join('')}`);
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
