import { expect, test } from 'vitest';
import { addressOf } from './outside.ts';

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
