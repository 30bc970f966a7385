import { expect, test } from 'vitest';
import { parseExposition } from './exposition.ts';

test('samples with and without labels, comments, escapes and special values are read', () => {
  const text = `# HELP a what
# TYPE a counter
a 1
b{x="1",y="two \\"quoted\\" } \\\\ \\n"} 2.5 1700000000000
c_bucket{le="+Inf"} 3
d NaN
e +Inf

nonsense
f{open="1" 4
`;
  expect(parseExposition(text)).toEqual([
    { name: 'a', labels: {}, value: 1 },
    { name: 'b', labels: { x: '1', y: 'two "quoted" } \\ \n' }, value: 2.5 },
    { name: 'c_bucket', labels: { le: '+Inf' }, value: 3 },
    { name: 'e', labels: {}, value: Number.POSITIVE_INFINITY },
  ]);
});
