import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Predictor } from './predict.ts';
import { RequestError } from './request.ts';
import { servedWords, wordModel } from './testing.ts';

const limits = { maxTextLength: 100, maxBatchSize: 4, maxExplainLength: 1000 };
const predictor = new Predictor(servedWords, limits, () => {});
const read = (json: string | Buffer[]) => JSON.parse(typeof json === 'string' ? json : Buffer.concat(json).toString());
const answer = (request: unknown, explain = false) => read(predictor.predictJson(JSON.stringify(request), explain));

describe('an answer', () => {
  it('has label, sentiment, class, probability, confidence, share of known words and model', () => {
    const probability = 1 / (1 + Math.exp(-2.5));
    expect(answer({ text: 'a good film' })).toEqual({
      label: 'positive',
      sentiment: 'Positive Sentiment',
      prediction: '1',
      probability,
      confidence: probability,
      known_share: 1 / 3,
      model: { name: 'words', version: '7' },
    });
  });

  it('for a negative text gives the confidence that it is negative', () => {
    const { label, sentiment, prediction, probability, confidence } = answer({ text: 'an awful film' });
    expect([label, sentiment, prediction]).toEqual(['negative', 'Negative Sentiment', '0']);
    expect(confidence).toBe(1 - probability);
  });

  it('has exactly the probability that the model returns', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('good', 'bad', 'fine', 'awful', 'so'), { minLength: 1, maxLength: 9 }),
        (words) => {
          const text = words.join(' ');
          expect(answer({ text }).probability).toBe(wordModel.predict(text).probability);
        },
      ),
    );
  });

  it('for several texts keeps their order', () => {
    const { predictions, model } = answer({ texts: ['good', 'bad', 'fine'] });
    expect(predictions.map((one: { label: string }) => one.label)).toEqual(['positive', 'negative', 'positive']);
    expect(model).toEqual({ name: 'words', version: '7' });
  });

  it('explains if the body or the URL asks for it', () => {
    const text = 'A good, bad film';
    const explained = answer({ text, explain: true });
    expect(explained).toMatchObject({ score: 0.5, bias: 0.5, knownShare: 0.5 });
    expect(explained.words[1]).toEqual({ text: 'good', start: 2, end: 6, contribution: 2 });
    expect(answer({ text }, true)).toEqual(explained);
    expect(answer({ texts: [text], explain: true }).predictions[0].words).toEqual(explained.words);
    expect(answer({ text, explain: false })).not.toHaveProperty('words');
  });

  it('says how much of a text is known, the same with and without reasons', () => {
    for (const [text, share] of [
      ['good bad', 1],
      ['good film', 0.5],
      ['das war schlecht', 0],
    ] as const) {
      expect(answer({ text }).known_share, text).toBe(share);
      expect(answer({ text }, true), text).toMatchObject({ known_share: share, knownShare: share });
    }
  });

  it('with "partial" has an error in the place of each invalid text', () => {
    const { predictions, failed, model } = answer({ texts: ['good', 5, ' ', 'bad'], partial: true });
    expect(predictions.map((one: { label?: string }) => one.label)).toEqual([
      'positive',
      undefined,
      undefined,
      'negative',
    ]);
    expect(predictions[1]).toEqual({
      error: { code: 'TEXT_NOT_STRING', message: '"texts[1]" must be a string, got a number' },
    });
    expect(predictions[2]).toEqual({ error: { code: 'TEXT_EMPTY', message: '"texts[2]" is empty' } });
    expect([failed, model]).toEqual([2, { name: 'words', version: '7' }]);
    expect(answer({ texts: ['good'], partial: true })).not.toHaveProperty('failed');
  });

  it('that is large is kept as bytes, and is the same', () => {
    const long = new Predictor(
      servedWords,
      { maxTextLength: 10_000, maxBatchSize: 4, maxExplainLength: 40_000 },
      () => {},
    );
    const texts = ['gut \u6f22 good '.repeat(500), 'bad', 'awful good '.repeat(800)];
    const json = long.predictJson(JSON.stringify({ texts, explain: true }));
    expect(json).toBeInstanceOf(Array);
    const alone = texts.map((text) => {
      const { model: _, ...one } = read(long.predictJson(JSON.stringify({ text, explain: true })));
      return one;
    });
    const { predictions } = read(json);
    expect(predictions).toEqual(alone);
    predictions.forEach(({ words }: { words: object[] }, i: number) => {
      expect(words).toEqual(JSON.parse(JSON.stringify(wordModel.explain(texts[i]).words)));
    });
  });

  it('calls the observer once per text', () => {
    const heard: string[] = [];
    const observed = new Predictor(servedWords, limits, ({ label }) => heard.push(label));
    observed.predictJson('{"texts": ["good", "bad"]}');
    observed.predictJson('{"text": "fine"}', true);
    observed.explain('awful');
    expect(heard).toEqual(['positive', 'negative', 'positive', 'negative']);
  });
});

describe('a request is refused', () => {
  const cases: [why: string, body: string, status: number, code: string, message: string][] = [
    ['without text', '{}', 422, 'TEXT_MISSING', '"text" is missing'],
    ['with a number for a text', '{"text": 5}', 422, 'TEXT_NOT_STRING', '"text" must be a string, got a number'],
    ['with null for a text', '{"text": null}', 422, 'TEXT_NOT_STRING', '"text" must be a string, got null'],
    ['with an empty text', '{"text": ""}', 422, 'TEXT_EMPTY', '"text" is empty'],
    ['with a blank text', '{"text": " \\n\\u00a0"}', 422, 'TEXT_EMPTY', '"text" is empty'],
    [
      'with a long text',
      `{"text": "${'x'.repeat(101)}"}`,
      422,
      'TEXT_TOO_LONG',
      '"text" is 101 characters long; the limit is 100',
    ],
    ['with both fields', '{"text": "a", "texts": ["a"]}', 422, 'TEXT_AND_TEXTS', '"text" and "texts" are both given'],
    [
      'with one text as texts',
      '{"texts": "a"}',
      422,
      'TEXTS_NOT_LIST',
      '"texts" must be a list of strings, got a string',
    ],
    ['with no texts', '{"texts": []}', 422, 'TEXTS_EMPTY', '"texts" is empty'],
    [
      'with too many texts',
      '{"texts": ["a", "b", "c", "d", "e"]}',
      422,
      'BATCH_TOO_LARGE',
      '"texts" contains 5 texts; the limit is 4',
    ],
    [
      'with a wrong text among texts',
      '{"texts": ["a", {}]}',
      422,
      'TEXT_NOT_STRING',
      '"texts[1]" must be a string, got an object',
    ],
    ['with a blank text among texts', '{"texts": ["a", " "]}', 422, 'TEXT_EMPTY', '"texts[1]" is empty'],
    [
      'with a word for explain',
      '{"text": "a", "explain": "yes"}',
      422,
      'EXPLAIN_NOT_BOOLEAN',
      '"explain" must be true or false, got a string',
    ],
    [
      'with a number for partial',
      '{"texts": ["a"], "partial": 1}',
      422,
      'PARTIAL_NOT_BOOLEAN',
      '"partial" must be true or false, got a number',
    ],
    ['as a list', '["a"]', 422, 'BODY_NOT_OBJECT', 'the body must be a JSON object, got a list'],
    ['as null', 'null', 422, 'BODY_NOT_OBJECT', 'the body must be a JSON object, got null'],
    [
      'with invalid JSON',
      '{"text": a}',
      400,
      'JSON_INVALID',
      'the body is not valid JSON: "a" is unexpected at line 1, column 10',
    ],
  ];
  it.each(cases)('%s', (_, body, status, code, message) => {
    expect(refusal(body)).toMatchObject({ status, code, message });
  });

  it('before any of its texts is scored', () => {
    let scored = 0;
    const observed = new Predictor(servedWords, limits, () => scored++);
    expect(() => observed.predictJson('{"texts": ["good", 1]}')).toThrow(RequestError);
    expect(scored).toBe(0);
  });
});

it('answers or refuses any JSON, and answers with JSON', () => {
  const texts = fc.oneof(fc.string({ unit: 'binary', maxLength: 120 }), fc.jsonValue());
  const request = fc.oneof(
    fc.jsonValue(),
    fc.record({ text: texts, explain: fc.oneof(fc.boolean(), fc.jsonValue()) }, { requiredKeys: [] }),
    fc.record({ texts: fc.array(texts, { maxLength: 5 }), explain: fc.boolean() }, { requiredKeys: ['texts'] }),
  );
  fc.assert(
    fc.property(request, fc.boolean(), (value, explain) => {
      try {
        read(predictor.predictJson(JSON.stringify(value), explain));
      } catch (error) {
        expect(error).toBeInstanceOf(RequestError);
      }
    }),
    { numRuns: 1000 },
  );
});

function refusal(body: string): unknown {
  try {
    return predictor.predictJson(body);
  } catch (error) {
    return error;
  }
}

it('refuses to explain more text in one request than its limit', () => {
  const small = new Predictor(servedWords, { ...limits, maxExplainLength: 10 }, () => {});
  const texts = ['good film', 'bad'];
  expect(() => small.predictJson(JSON.stringify({ texts, explain: true }))).toThrow(
    'the texts to explain are 12 characters long; the limit is 10',
  );
  expect(small.predictJson(JSON.stringify({ texts }))).toContain('"predictions"');
});

describe('the class to explain', () => {
  const classes = ['negative', 'neutral', 'positive'];
  const three = new Predictor(
    {
      ...servedWords,
      model: {
        ...servedWords.model,
        classes,
        explain: (text, towards = 2) => ({
          ...servedWords.model.explain(text),
          probabilities: [0.1, 0.2, 0.7],
          towards,
        }),
      },
    },
    limits,
    () => {},
  );
  const ask = (request: object) => read(three.predictJson(JSON.stringify(request)));

  it('is the one that the request names, in every text of a batch, and the predicted one if it names none', () => {
    expect(ask({ text: 'good', explain: true, towards: 'neutral' }).towards).toBe('neutral');
    expect(ask({ text: 'good', explain: true }).towards).toBe('positive');
    const { predictions } = ask({ texts: ['good', 'bad'], explain: true, towards: 'negative' });
    expect(predictions.map(({ towards }: { towards: string }) => towards)).toEqual(['negative', 'negative']);
    expect(three.explain('good', 'neutral').towards).toBe(1);
  });

  it.each([
    [three, 'other', 'negative, neutral, positive'],
    [three, 1, 'negative, neutral, positive'],
    [predictor, 'negative', 'positive'],
  ])('%# is refused, with those that can be explained, if it is not one of them', (asked, towards, known) => {
    const body = JSON.stringify({ text: 'good', explain: true, towards });
    expect(() => asked.predictJson(body)).toThrow(
      expect.objectContaining({
        status: 422,
        code: 'TOWARDS_UNKNOWN',
        message: `"towards" is ${JSON.stringify(towards)}; the classes that can be explained are: ${known}`,
      }),
    );
  });
});
