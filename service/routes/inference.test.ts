import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenApp, openApp } from '../testing.ts';

let app: OpenApp;
beforeAll(async () => {
  app = await openApp();
});
afterAll(() => app.close());

async function json(response: Response | Promise<Response>): Promise<{ status: number; body: unknown }> {
  const answer = await response;
  return { status: answer.status, body: await answer.json() };
}

const tensor = (data: unknown, more = {}) => ({ name: 'text', datatype: 'BYTES', shape: [2], data, ...more });
const infer = (body: unknown, headers = {}) => json(app.post('/v2/models/words/infer', body, headers));

describe('the inference protocol', () => {
  it.each([
    ['/v2/health/live', 200, { live: true }],
    ['/v2/health/ready', 200, { ready: true }],
    ['/v2/models/words/ready', 200, { name: 'words', ready: true }],
    ['/v2/models/words/versions/7/ready', 200, { name: 'words', ready: true }],
    ['/v2', 200, { name: 'sentiment', version: 'fedcba', extensions: [] }],
    [
      '/v2/models/words/versions/7',
      200,
      {
        name: 'words',
        versions: ['7'],
        platform: 'sentiment-pipeline',
        inputs: [{ name: 'text', datatype: 'BYTES', shape: [-1] }],
        outputs: [
          { name: 'label', datatype: 'BYTES', shape: [-1] },
          { name: 'probability', datatype: 'FP64', shape: [-1] },
          { name: 'confidence', datatype: 'FP64', shape: [-1] },
        ],
      },
    ],
    ['/v2/models/films', 404, { error: 'there is no such model here; this service has words, version 7' }],
    [
      '/v2/models/words/versions/8/ready',
      404,
      { error: 'there is no such model here; this service has words, version 7' },
    ],
    ['/v2/nothing', 404, { error: 'unknown path of the inference protocol' }],
    ['/v2/models/%ff', 404, { error: 'unknown path of the inference protocol' }],
    ['/v2/models/words/infer', 405, { error: 'this path supports only POST' }],
  ])('answers GET %s', async (path, status, body) => {
    expect(await json(app.get(path))).toEqual({ status, body });
  });

  it('predicts a tensor of texts, in their order, and repeats the id and the shape', async () => {
    const { status, body } = await infer({ id: 'a1', inputs: [tensor(['good', 'bad'])] });
    expect(status).toBe(200);
    expect(body).toEqual({
      model_name: 'words',
      model_version: '7',
      id: 'a1',
      outputs: [
        { name: 'label', datatype: 'BYTES', shape: [2], data: ['positive', 'negative'] },
        {
          name: 'probability',
          datatype: 'FP64',
          shape: [2],
          data: [expect.closeTo(0.924, 3), expect.closeTo(0.182, 3)],
        },
        {
          name: 'confidence',
          datatype: 'FP64',
          shape: [2],
          data: [expect.closeTo(0.924, 3), expect.closeTo(0.818, 3)],
        },
      ],
    });
    const column = await infer({
      inputs: [tensor([['good'], ['bad']], { shape: [2, 1] })],
      outputs: [{ name: 'label' }],
    });
    expect(column.body).toMatchObject({ outputs: [{ name: 'label', shape: [2, 1], data: ['positive', 'negative'] }] });
  });

  it.each([
    [{}, /"inputs" must be a list of one tensor/],
    [{ inputs: [tensor(['a', 'b'], { name: 'x' })] }, /the input must be called "text"/],
    [{ inputs: [tensor([1, 2], { datatype: 'FP32' })] }, /the datatype of "text" must be BYTES/],
    [{ inputs: [tensor(['a'])] }, /"shape" says 2 texts, "data" has 1/],
    [{ inputs: [tensor(['a', 'b'], { shape: [1, 2] })] }, /"shape" must be \[n\] or \[n, 1\]/],
    [{ inputs: [tensor('a')] }, /"data" must be a list of texts/],
    [{ inputs: [tensor(['a', 7])] }, /"data\[1\]" must be a string, got a number/],
    [{ inputs: [tensor([], { shape: [0] })] }, /"data" is empty/],
    [{ inputs: [tensor(['a', 'b'])], outputs: [{ name: 'x' }] }, /not one of label, probability, confidence/],
    [{ inputs: [tensor(undefined, { parameters: { binary_data_size: 9 } })] }, /binary_data=False/],
    [
      { inputs: [tensor(['a', 'b'])], outputs: [{ name: 'label', parameters: { binary_data: true } }] },
      /binary_data=False/,
    ],
    ['{"inputs": ', /the body is not valid JSON/],
  ])('refuses %j with 400 and a sentence', async (body, message) => {
    expect(await infer(body)).toEqual({ status: 400, body: { error: expect.stringMatching(message) } });
  });

  it('is not ready while the model is being loaded', async () => {
    const loading = await openApp();
    try {
      loading.state.phase = 'loading';
      loading.state.predictor = undefined;
      expect(await json(loading.get('/v2/health/ready'))).toEqual({ status: 503, body: { ready: false } });
      expect(await json(loading.get('/v2/health/live'))).toEqual({ status: 200, body: { live: true } });
      expect((await loading.get('/v2/models/words/ready')).status).toBe(503);
    } finally {
      await loading.close();
    }
  });

  it('answers or refuses any JSON, never with a 500', async () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.record({
        inputs: fc.array(fc.oneof(fc.jsonValue(), fc.constant(tensor(['a', 'b'])))),
        outputs: fc.jsonValue(),
      }),
    );
    await fc.assert(
      fc.asyncProperty(value, async (body) => {
        expect([200, 400]).toContain((await infer(JSON.stringify(body))).status);
      }),
      { numRuns: 200 },
    );
  });
});
