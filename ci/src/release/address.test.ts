import { expect, test } from 'vitest';
import { addressOf, parseS3, targetsFile } from './address.ts';

const ports = [{ port: 80 }];

test.each([
  [[{ hostname: 'lb.eu-central-1.elb.amazonaws.com' }], 'lb.eu-central-1.elb.amazonaws.com:80'],
  [[{ ip: '192.0.2.1' }], '192.0.2.1:80'],
  [[{ ip: '2001:db8::1' }], '[2001:db8::1]:80'],
  [[], undefined],
  [undefined, undefined],
])('the address of a balancer with %j is %s', (ingress, expected) => {
  expect(addressOf({ spec: { ports }, status: { loadBalancer: { ingress } } })).toBe(expected);
});

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
