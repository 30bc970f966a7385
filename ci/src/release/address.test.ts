import { expect, test } from 'vitest';
import { parseS3, targetsFile } from './address.ts';

test('the targets file has the format of Prometheus', () => {
  expect(JSON.parse(targetsFile(['a:80', 'b:80']))).toEqual([{ targets: ['a:80', 'b:80'] }]);
});

test('an S3 address needs a bucket and a key', () => {
  expect(parseS3('s3://a-bucket/monitoring/targets/sentiment.json')).toEqual({
    bucket: 'a-bucket',
    key: 'monitoring/targets/sentiment.json',
  });
  for (const uri of ['', 's3://bucket', 's3://bucket/', 's3://bucket/targets/', 'https://bucket/a.json']) {
    expect(() => parseS3(uri), uri).toThrow(/"expected|expected s3:/);
  }
});
