import { expect, test } from 'vitest';
import { parseMetrics, releaseReport } from './report.ts';

const release = {
  commit: '0123456789abcdef0123456789abcdef01234567',
  metrics: { accuracy: 0.81234, accuracy_se: 0.0087, roc_auc: 0.891, texts: 2100 },
  verdict:
    'my_model version 4 against version 3, 2100 held-out texts\n  ok   accuracy\npromoted: my_model version 4 is Production\n',
  model: 'my_model 4',
  image: 'registry:5000/sentiment@sha256:abc',
  after: ['not deployed'],
};

test('shows the metrics with their standard errors, and the decision of the gate', () => {
  expect(releaseReport(release)).toBe(
    [
      '## Release of 0123456789ab',
      '',
      '| metric | value | standard error |',
      '|---|---|---|',
      '| accuracy | 0.8123 | 0.0087 |',
      '| roc_auc | 0.8910 |  |',
      '',
      '- gate: promoted: my_model version 4 is Production',
      '- model: my_model 4',
      '- image: `registry:5000/sentiment@sha256:abc`',
      '- not deployed',
      '',
    ].join('\n'),
  );
});

test('reads only the numbers of the metrics file', () => {
  expect(parseMetrics('{"accuracy": 0.8, "note": "x"}')).toEqual({ accuracy: 0.8 });
  expect(() => parseMetrics('null')).toThrow('is not an object');
  expect(() => parseMetrics('{')).toThrow(SyntaxError);
});
