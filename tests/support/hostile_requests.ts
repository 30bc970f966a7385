/** Requests of up to 1 MB that ask for as much work or memory as one can: each kind once. */

export type Hostile = { type?: string; path?: string; body: string | Buffer };

const MOST = 1_000_000;
/** The longest text that is accepted, and the longest of all texts that are explained together. */
const TEXT = 50_000;
const EXPLAINED = 100_000;

const filled = (unit: string, length: number) => unit.repeat(Math.ceil(length / unit.length)).slice(0, length);
const predict = (texts: string[], explain = false): Hostile => ({ body: JSON.stringify({ texts, explain }) });
/** As many texts of this as fit into a request. */
function batch(unit: string, explain = false): Hostile {
  const text = filled(unit, TEXT);
  const bytes = Buffer.byteLength(JSON.stringify(text)) + 1;
  const count = explain ? Math.floor(EXPLAINED / TEXT) : Math.floor((MOST - 100) / bytes);
  return predict(Array(Math.min(256, count)).fill(text), explain);
}

/** What takes long to normalise, to cut into words or to score. */
const texts: Record<string, string> = {
  'words that differ': Array.from({ length: 12_000 }, (_, i) => (i * 7919).toString(36)).join(' '),
  'film words': 'it was not a good film, but the acting was bad and the story long ',
  'marks of two classes': 'a\u0301\u0323\u0301\u0323',
  'entities of entities': '&amp;amp;amp;',
  tags: '<a b=c ',
  'emoji of families': '\u{1f468}\u200d\u{1f469}\u200d',
  'letters of Han': '\u6f22\u5b57',
  'text encoded twice': '\xc3\xa2\xe2\u201a\xac',
  hashtags: '#AbCdEf ',
  'addresses without an end': 'http://a.',
  'elongated words': 'goooood baaaad ',
  quotes: "'a",
};

export const hostile: Record<string, Hostile> = {
  ...Object.fromEntries(Object.entries(texts).map(([name, unit]) => [name, batch(unit)])),
  ...Object.fromEntries(Object.entries(texts).map(([name, unit]) => [`${name}, explained`, batch(unit, true)])),
  '256 texts of one word': predict(Array(256).fill('good')),
  'too many texts': predict(Array(200_000).fill('a')),
  'one text that is too long': predict(['a '.repeat(MOST / 2 - 20)]),
  escapes: { body: `{"text":"${'\\u0041'.repeat(TEXT)}"}` },
  'brackets that open': { body: filled('[', MOST) },
  'objects in objects': { body: filled('{"text":', MOST) },
  'a number of a million digits': { body: `{"text":${'9'.repeat(MOST - 20)}}` },
  'a name given over and over': { body: `{${filled('"text":"a",', MOST - 100)}"text":"b"}` },
  'a million spaces': { body: `${' '.repeat(MOST - 20)}{"text":"a"}` },
  'a form of percent signs': { type: 'application/x-www-form-urlencoded', body: `text=${'%41'.repeat(MOST / 3 - 10)}` },
  'a form of fields': { type: 'application/x-www-form-urlencoded', body: 'a=b&'.repeat(MOST / 4) },
  'bytes that are no UTF-8': { body: Buffer.alloc(MOST, 0xc3) },
  tensors: {
    path: '/v2/models/sentiment/infer',
    body: JSON.stringify({
      inputs: [
        { name: 'text', datatype: 'BYTES', shape: [19], data: Array(19).fill(filled(texts['film words'], TEXT)) },
      ],
    }),
  },
};
