import { CreateBucketCommand, GetObjectCommand } from '@aws-sdk/client-s3';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type AwsClients, awsClients } from '../ci/src/aws/clients.ts';
import { parseS3, putTargets } from '../ci/src/release/address.ts';
import { type MotoServer, startMoto } from './support/moto.ts';
import { need } from './support/need.ts';

describe.skipIf(!need('moto'))("Prometheus' file of targets", () => {
  let moto: MotoServer;
  let clients: AwsClients;
  const object = parseS3('s3://watch/monitoring/targets/sentiment.json');

  beforeAll(async () => {
    moto = await startMoto();
    const credentials = { kind: 'keys', accessKeyId: 'testing', secretAccessKey: 'testing' } as const;
    clients = awsClients({ region: 'us-east-1', credentials, endpoint: moto.uri });
  });
  afterAll(async () => {
    clients?.destroy();
    await moto?.stop();
  });

  test('a bucket that is missing is named', async () => {
    await expect(putTargets(clients, object, ['lb:80'])).rejects.toThrow(
      's3://watch/monitoring/targets/sentiment.json',
    );
  });

  test('holds the address of the last release', async () => {
    await clients.s3.send(new CreateBucketCommand({ Bucket: 'watch' }));
    await putTargets(clients, object, ['old:80']);
    await putTargets(clients, object, ['new:80']);
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: object.bucket, Key: object.key }));
    expect(JSON.parse((await Body?.transformToString()) ?? '')).toEqual([{ targets: ['new:80'] }]);
  });
});
