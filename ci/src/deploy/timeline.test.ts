import { expect, test } from 'vitest';
import { parseRecord, timelineOf } from './timeline.ts';

const look = (seconds: number, now: number, state: string) => ({
  seconds,
  comparisons: [
    { name: 'restarts', state: 'fine', says: 'restarts: 0, before 0' },
    { name: 'latency', state: 'fine', says: 'latency: 0.01 of 100, before 0.01 of 90', now: 0.01, before: 0.01 },
    { name: 'answers with 5xx', state, says: `answers with 5xx: ${now} of 100, before 0 of 90`, now, before: 0 },
  ],
});
const record = [
  { seconds: 1.2, line: '1 of 1 updated, 0 ready <&>' },
  look(6, 0.01, 'too little'),
  look(11, 0.02, 'worse'),
  { seconds: 11.1, line: 'failed: answers with 5xx' },
  { seconds: 14, line: 'rolling back to ReplicaSet app-1' },
];

test('a record becomes a picture: what was said with its time, then the figures, the one that decided first', () => {
  const svg = timelineOf(parseRecord(record.map((entry) => JSON.stringify(entry)).join('\n')), 'A bake');
  expect(svg).toMatch(/^<svg .*<\/svg>\n$/s);
  expect(svg).toContain('1.2 s</text><text x="70" y="58" fill="#24292f">1 of 1 updated, 0 ready &lt;&amp;&gt;</text>');
  expect(svg.indexOf('>answers with 5xx<')).toBeLessThan(svg.indexOf('>latency<'));
  expect(svg).not.toContain('>restarts<');
  expect(svg).toContain('>verdict</text>');
  // Two looks, two lines: the new revision and, dashed, the old one.
  expect(svg.match(/<polyline/g)).toHaveLength(4);
});

test('a record without figures has only what was said', () => {
  const svg = timelineOf([{ seconds: 0.5, line: 'unchanged' }], 'Nothing');
  expect(svg).toContain('>unchanged</text>');
  expect(svg).not.toContain('polyline');
});
