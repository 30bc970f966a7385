import { expect, test } from 'vitest';
import { barLine, startProgress } from './progress.ts';

async function drain(bytes: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0;
  for await (const chunk of bytes) length += chunk.length;
  return length;
}

async function* chunks(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(30);
  yield new Uint8Array(20);
}

test('the bar shows share, speed and time left', () => {
  expect(barLine({ share: 0.25, rows: 1000, seconds: 2 })).toBe(
    '█████░░░░░░░░░░░░░░░ 25 %  1,000 rows, 500/s, 6 s left',
  );
});

test('without a size the bar shows no share', () => {
  expect(barLine({ rows: 1000, seconds: 2 })).toBe('1,000 rows, 500/s');
});

test('passes bytes through unchanged', async () => {
  expect(await drain(startProgress(50, { write() {} }).countBytes(chunks()))).toBe(50);
});

test('without a terminal prints one line, at the end', async () => {
  let said = '';
  const progress = startProgress(50, { write: (text) => (said += text) });
  await drain(progress.countBytes(chunks()));
  for (let batch = 0; batch < 4; batch++) progress.countRows(50);
  expect(said).toBe('');
  progress.done(' -> out.csv');
  expect(said).toMatch(/^200 rows in 0\.\d s -> out\.csv\n$/);
});

test('on a terminal removes the bar at the end', () => {
  let said = '';
  const progress = startProgress(50, { isTTY: true, columns: 30, write: (text) => (said += text) });
  progress.done('');
  expect(said).toBe('\r\u001b[2K0 rows in 0.0 s\n');
});
