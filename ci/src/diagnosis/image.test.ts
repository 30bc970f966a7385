import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { Cause } from './causes.ts';
import { trimPull } from './image.ts';
import { classifyPull } from './pull_wordings.ts';

const image = '123456789012.dkr.ecr.us-east-1.amazonaws.com/sentiment:v1';

// Wordings of other runtimes and registries, each from the thread named beside it.
test.each<[Cause, string, string]>([
  [
    'image-forbidden',
    'unexpected status from HEAD request to https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/sentiment/manifests/v1: 403 Forbidden',
    'aws/amazon-vpc-cni-k8s#3284',
  ],
  [
    'image-forbidden',
    'denied: User: arn:aws:sts::1:assumed-role/node/i-1 is not authorized to perform: ecr:BatchGetImage',
    'docker',
  ],
  [
    'image-no-credentials',
    'pull access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials',
    'kubernetes/kops#16762',
  ],
  ['image-no-credentials', 'denied: Your authorization token has expired. Reauthenticate and try again.', 'ECR'],
  ['image-not-found', `${image}: not found`, 'aws/amazon-vpc-cni-k8s#3526'],
  ['image-not-found', 'manifest unknown: Requested image not found', 'aws/amazon-vpc-cni-k8s#1699'],
  [
    'image-not-found',
    "name unknown: The repository with name 'r' does not exist in the registry with id '123'",
    'aws/amazon-vpc-cni-k8s#1699',
  ],
  [
    'image-tls',
    'tls: failed to verify certificate: x509: certificate signed by unknown authority',
    'kubernetes/kubernetes#43924',
  ],
  ['image-tls', 'http: server gave HTTP response to HTTPS client', 'containerd'],
  ['image-rate-limit', 'toomanyrequests: You have reached your pull rate limit', 'Docker Hub'],
  ['image-rate-limit', 'pull QPS exceeded', 'kubelet'],
  [
    'image-unreachable',
    'dial tcp: lookup 123456789012.dkr.ecr.us-east-1.amazonaws.com on 10.0.0.2:53: no such host',
    'aws/amazon-vpc-cni-k8s#3284',
  ],
  ['image-unreachable', 'httpReadSeeker: failed open: failed to do request: EOF', 'awslabs/amazon-eks-ami#1389'],
  [
    'image-unreachable',
    'net/http: request canceled while waiting for connection: dial tcp 1.2.3.4:443: i/o timeout',
    'containerd',
  ],
  ['image-architecture', 'no match for platform in manifest: not found', 'containerd'],
  ['image-name', 'couldn\'t parse image name "a:b:c": invalid reference format', 'kubelet'],
  ['node-trouble', 'failed to extract layer: write /usr/lib/x: no space left on device', 'containerd'],
  ['image-pull', 'something that nobody has seen yet', ''],
])('%s: %s', (cause, message) => {
  const full = `Failed to pull image "${image}": rpc error: code = Unknown desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${message}`;
  expect(classifyPull(full, image).cause).toBe(cause);
});

// Who answered, and what mends it: the sentence must not send somebody to the wrong door.
test.each<[string, Cause, RegExp, RegExp]>([
  [
    `failed to copy: httpReadSeeker: failed open: unexpected status code https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/1a2b/uuid: 403 Forbidden`,
    'image-forbidden',
    /S3 refuses its layers/,
    /policy of the S3 VPC endpoint.*starport-layer-bucket/,
  ],
  [
    'failed to do request: Get "https://prod-us-east-1-starport-layer-bucket.s3.us-east-1.amazonaws.com/1a2b": dial tcp 52.216.1.1:443: i/o timeout',
    'image-unreachable',
    /cannot reach S3/,
    /gateway endpoint/,
  ],
  [
    'failed to do request: Head "https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/sentiment/manifests/v1": proxyconnect tcp: dial tcp 10.0.0.9:3128: connect: connection refused',
    'image-unreachable',
    /cannot reach its proxy/,
    /NO_PROXY/,
  ],
  [
    'failed to do request: Head "https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/sentiment/manifests/v1": Proxy Authentication Required',
    'image-no-credentials',
    /proxy asks for a sign-in \(407\)/,
    /NO_PROXY/,
  ],
  [
    'failed to do request: Head "https://123456789012.dkr.ecr.us-east-1.amazonaws.com/v2/sentiment/manifests/v1": Forbidden',
    'image-forbidden',
    /a proxy .* refuses the connection/,
    /NO_PROXY/,
  ],
  [
    'failed to unpack image on snapshotter overlayfs: unexpected media type text/html for sha256:1a2b: not found',
    'image-unreachable',
    /page of HTML/,
    /proxy/,
  ],
  [
    'failed to get reader from content store: content digest sha256:1a2b3c: not found',
    'node-trouble',
    /the node's image store fails/,
    /crictl rmi/,
  ],
  [
    'failed to extract layer sha256:1a2b: write /var/lib/containerd/x: input/output error',
    'node-trouble',
    /image store/,
    /drain/,
  ],
  [
    'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2021-01-01T00:00:00Z is before 2026-01-01T00:00:00Z',
    'image-tls',
    /not valid yet by the node's clock/,
    /set the node's clock/,
  ],
  [
    'tls: failed to verify certificate: x509: certificate has expired or is not yet valid: current time 2026-12-01T05:00:00Z is after 2026-11-30T00:00:00Z',
    'image-tls',
    /has expired/,
    /renew the certificate/,
  ],
  [
    'tls: failed to verify certificate: x509: certificate is valid for registry.example, not 10.0.0.1',
    'image-tls',
    /for another name/,
    /the name in the certificate/,
  ],
  [
    'pull access denied, repository does not exist or may require authorization: server message: insufficient_scope: authorization failed',
    'image-no-credentials',
    /or there is no such repository/,
    /^$/,
  ],
])('%s is %s', (message, cause, says, mends) => {
  const full = `failed to pull and unpack image "${image}": ${message}`;
  const found = classifyPull(full, image);
  expect(found).toMatchObject({ cause, says: expect.stringMatching(says) });
  expect(found.next ?? '').toMatch(mends);
});

test('a name that looks like a fault is not taken for one', () => {
  const name = fc.constantFrom('403', '429', 'unauthorized', 'x509', 'not-found', 'denied', 'throttle', 'certificate');
  fc.assert(
    fc.property(name, name, name, (host, repository, tag) => {
      const odd = `${host}.example:5000/${repository}/app:${tag}`;
      const message = `failed to pull and unpack image "${odd}": failed to do request: Head "http://${host}.example:5000/v2/${repository}/app/manifests/${tag}": dial tcp 10.0.0.1:5000: connect: connection refused`;
      expect(classifyPull(message, odd).cause).toBe('image-unreachable');
    }),
  );
});

test('a repeated name is printed once', () => {
  const message = `Back-off pulling image "${image}": ErrImagePull: rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
  expect(trimPull(message)).toBe(`${image}: not found`);
});
