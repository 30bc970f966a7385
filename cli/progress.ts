/** Progress through a table, on stderr: a live bar on a terminal, and one line at the end. */

export type Screen = { isTTY?: boolean; columns?: number; write(text: string): unknown };

export type TableProgress = {
  /** Passes the bytes of the input through and counts them. */
  countBytes(source: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void>;
  countRows(count: number): void;
  /** Removes the bar and prints a summary. */
  done(note: string): void;
};

const REDRAW = 100;
const CLEAR = '\r\x1b[2K';

/** `size` is the size of the input in bytes; 0 if unknown. */
export function startProgress(size: number, screen: Screen = process.stderr): TableProgress {
  const began = performance.now();
  let bytes = 0;
  let rows = 0;
  let drawn = began;
  const seconds = () => (performance.now() - began) / 1000;

  function draw(): void {
    drawn = performance.now();
    const line = barLine({ share: size > 0 ? Math.min(1, bytes / size) : undefined, rows, seconds: seconds() });
    // Some terminals report a width of 0.
    screen.write(`${CLEAR}${line.slice(0, (screen.columns || 80) - 1)}`);
  }

  return {
    async *countBytes(source) {
      for await (const chunk of source) {
        bytes += chunk.length;
        yield chunk;
      }
    },
    countRows(count) {
      rows += count;
      if (screen.isTTY && performance.now() - drawn > REDRAW) draw();
    },
    done(note) {
      const took = seconds();
      const speed = took > 1 ? `, ${written(rows / took)}/s` : '';
      screen.write(`${screen.isTTY ? CLEAR : ''}${written(rows)} rows in ${took.toFixed(1)} s${speed}${note}\n`);
    },
  };
}

export function barLine({ share, rows, seconds }: { share?: number; rows: number; seconds: number }): string {
  const speed = `${written(rows)} rows, ${written(rows / Math.max(seconds, 0.001))}/s`;
  if (share === undefined) return speed;
  const filled = Math.round(share * 20);
  const left = share > 0 ? `, ${Math.ceil((seconds * (1 - share)) / share)} s left` : '';
  return `${'█'.repeat(filled)}${'░'.repeat(20 - filled)} ${Math.floor(share * 100)} %  ${speed}${left}`;
}

function written(value: number): string {
  return Math.round(value).toLocaleString('en');
}
