import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { progressOn } from './progress.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance', 'setTimeout', 'setInterval', 'clearTimeout', 'clearInterval'] });
});
afterEach(() => {
  vi.useRealTimers();
});

function screen(isTTY: boolean) {
  const written: string[] = [];
  return { written, isTTY, columns: 60, write: (text: string) => written.push(text) };
}

test('off a terminal a step is one line with its seconds, and its output below', () => {
  const { written, ...paper } = screen(false);
  const progress = progressOn(paper);
  progress.start('data_ingestion');
  progress.say('10 read');
  vi.advanceTimersByTime(800);
  progress.done('fine');
  progress.skipped('model_building', 'unchanged');
  expect(written.join('')).toBe(
    '  data_ingestion            0.8 s  fine\n      10 read\n  model_building                  unchanged\n',
  );
});

test('off a terminal a step announces itself after a second', () => {
  const { written, ...paper } = screen(false);
  const progress = progressOn(paper);
  progress.start('model_building');
  vi.advanceTimersByTime(999);
  expect(written).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(written).toEqual(['  model_building ...\n']);
  progress.done();
  expect(written[1]).toBe('  model_building            1.0 s\n');
});

test('off a terminal a long step says every two seconds that it is still running', () => {
  const { written, ...paper } = screen(false);
  const progress = progressOn(paper);
  progress.start('model_building');
  vi.advanceTimersByTime(5500);
  progress.done();
  vi.advanceTimersByTime(5000);
  expect(written.join('')).toBe(
    '  model_building ...\n  model_building ... 3 s\n  model_building ... 5 s\n  model_building            5.5 s\n',
  );
});

test('what waits for a program to start leaves no line, but keeps what was said meanwhile', () => {
  const { written, ...paper } = screen(false);
  const progress = progressOn(paper);
  progress.wait('DVC');
  progress.start('data_sources');
  progress.done();
  progress.wait('DVC');
  progress.say('a warning');
  vi.advanceTimersByTime(1000);
  progress.done();
  expect(written.join('')).toBe('  data_sources              0.0 s\n  DVC ...\n  a warning\n');
});

test('on a terminal the line of the step is redrawn with its latest output, within the width', () => {
  const { written, ...terminal } = screen(true);
  const progress = progressOn(terminal);
  progress.start('model_building');
  progress.say('x'.repeat(100));
  vi.advanceTimersByTime(200);
  const drawn = written.at(-1)!;
  expect(drawn).toMatch(/^\r.{4} {2}model_building {12}0\.2 s {2}x+$/);
  expect(drawn.length).toBe('\r\x1b[2K'.length + 59);
});

test('the next step ends the one before it, and an ended step is not redrawn', () => {
  const { written, ...terminal } = screen(true);
  const progress = progressOn(terminal);
  progress.start('one');
  progress.start('two');
  progress.done();
  const count = written.length;
  vi.advanceTimersByTime(5000);
  progress.done();
  expect(written.length).toBe(count);
  expect(written.filter((text) => text.endsWith('\n')).length).toBe(2);
});
