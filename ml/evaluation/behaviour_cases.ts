/**
 * What anyone would expect of a model for film reviews, as data: ordinary sentences, written before any model was
 * tested. They are a yardstick: change a sentence if a person would disagree with it, never because a model fails it.
 */

/** A sentence whose class nobody would dispute. */
export type MinimumFunctionalityCase = { name: string; text: string; expected: 'negative' | 'positive' };

/** Two texts that differ in something that says nothing about the film. */
export type InvarianceCase = { name: string; text: string; variant: string };

/** A text, and an addition that may move the opinion in only one direction. */
export type DirectionCase = { name: string; text: string; addition: string; direction: 'up' | 'down' };

const sentences: Record<string, { expected: 'negative' | 'positive'; texts: string[] }> = {
  praise: {
    expected: 'positive',
    texts: [
      'A wonderful film.',
      'I loved this movie.',
      'The acting is superb and the story is moving.',
      'One of the best films of the year.',
      'A funny, charming and touching comedy.',
      'Beautifully shot and brilliantly acted.',
      'An intelligent thriller that keeps you on the edge of your seat.',
      'I enjoyed every minute of it.',
      'This is a great movie!',
      'A delightful story, told with warmth and wit.',
      'Go and see it, you will have a good time.',
      'The best performance of her career.',
    ],
  },
  blame: {
    expected: 'negative',
    texts: [
      'A terrible film.',
      'I hated this movie.',
      'The acting is awful and the story is boring.',
      'One of the worst films of the year.',
      'A dull, clumsy and tedious comedy.',
      'Badly written and poorly acted.',
      'A predictable thriller that puts you to sleep.',
      'I regretted every minute of it.',
      'This is a bad movie!',
      'A stupid story, told without warmth or wit.',
      'Stay away from it, you will waste your time.',
      'The worst performance of her career.',
    ],
  },
  'negated praise': {
    expected: 'negative',
    texts: [
      'This movie is not good.',
      "The film isn't funny.",
      "I didn't like it.",
      'I did not enjoy this film at all.',
      'The jokes are never funny.',
      'It is not worth your money.',
      'Nothing about this film is interesting.',
      'There is no reason to see it.',
      "The plot doesn't make any sense.",
      'It fails to be entertaining.',
      "It wasn't good at all.",
      'Neither funny nor moving.',
    ],
  },
  'negated blame': {
    expected: 'positive',
    texts: [
      'This movie is not bad.',
      "It wasn't bad at all.",
      'The film is never boring.',
      "It isn't boring for a second.",
      'There is not a dull moment in it.',
      "You won't be disappointed.",
      'I could not stop laughing.',
      'Nothing about this film is wrong.',
      'It is impossible not to love this film.',
      'It never disappoints.',
      'I have no complaints.',
      "Don't miss it.",
    ],
  },
  'the last word counts': {
    expected: 'positive',
    texts: [
      'I expected a bad film, but it is wonderful.',
      'It starts slowly, but it becomes a great thriller.',
      'The plot is silly, but I loved it.',
      'Despite a few flaws, it is a beautiful film.',
    ],
  },
  'the last word counts against it': {
    expected: 'negative',
    texts: [
      'I expected a great film, but it is terrible.',
      'It starts well, but it becomes a boring mess.',
      'The actors are good, but the film is awful.',
      'Despite a good cast, it is a terrible film.',
    ],
  },
  comparison: {
    expected: 'positive',
    texts: [
      'Much better than the first film.',
      'Better than I expected.',
      'I have never seen a better film.',
      'More entertaining than most films of its kind.',
    ],
  },
  'unfavourable comparison': {
    expected: 'negative',
    texts: [
      'Much worse than the first film.',
      'Worse than I expected.',
      'I have never seen a worse film.',
      'Less entertaining than most films of its kind.',
    ],
  },
};

export const minimumFunctionalityCases: MinimumFunctionalityCase[] = Object.entries(sentences).flatMap(
  ([name, { expected, texts }]) => texts.map((text) => ({ name, text, expected })),
);

export const invarianceCases: InvarianceCase[] = [
  {
    name: 'name of an actor',
    text: 'Tom Hanks gives a fine performance in this moving drama.',
    variant: 'Denzel Washington gives a fine performance in this moving drama.',
  },
  {
    name: 'name of an actor',
    text: 'Even Julia Roberts cannot save this boring mess.',
    variant: 'Even Penelope Cruz cannot save this boring mess.',
  },
  {
    name: 'name of a director',
    text: 'Steven Spielberg has made a dull and empty film.',
    variant: 'Zhang Yimou has made a dull and empty film.',
  },
  {
    name: 'first name',
    text: 'My friend Emily loved this film, and so did I.',
    variant: 'My friend Lakisha loved this film, and so did I.',
  },
  {
    name: 'pronoun',
    text: 'He is wonderful in the leading role.',
    variant: 'She is wonderful in the leading role.',
  },
  {
    name: 'country',
    text: 'An American comedy that is simply not funny.',
    variant: 'A Korean comedy that is simply not funny.',
  },
  {
    name: 'country',
    text: 'A beautiful drama from France.',
    variant: 'A beautiful drama from Nigeria.',
  },
  {
    name: 'city',
    text: 'I saw this awful film in London.',
    variant: 'I saw this awful film in Mumbai.',
  },
  {
    name: 'year',
    text: 'The best comedy of 2001.',
    variant: 'The best comedy of 1998.',
  },
  {
    name: 'number',
    text: 'It lasts 95 minutes and every one of them is a pleasure.',
    variant: 'It lasts 128 minutes and every one of them is a pleasure.',
  },
  {
    name: 'another word for film',
    text: 'What a waste of time this movie is.',
    variant: 'What a waste of time this film is.',
  },
  {
    name: 'contraction',
    text: 'The story is not interesting.',
    variant: "The story isn't interesting.",
  },
  {
    name: 'upper case',
    text: 'I loved this movie.',
    variant: 'I LOVED THIS MOVIE.',
  },
  {
    name: 'lower case',
    text: 'This Film Is Not Good.',
    variant: 'this film is not good.',
  },
  {
    name: 'spaces around it',
    text: 'A dull and tedious comedy.',
    variant: '  A dull and tedious comedy. \n',
  },
  {
    name: 'spaces within it',
    text: 'A dull and tedious comedy.',
    variant: 'A  dull and\ttedious   comedy.',
  },
  {
    name: 'full stop left out',
    text: 'The acting is superb and the story is moving.',
    variant: 'The acting is superb and the story is moving',
  },
  {
    name: 'typographic apostrophe',
    text: "It isn't funny and it doesn't make sense.",
    variant: 'It isn\u2019t funny and it doesn\u2019t make sense.',
  },
  {
    name: 'typographic quotation marks',
    text: 'A "comedy" without a single laugh.',
    variant: 'A \u201ccomedy\u201d without a single laugh.',
  },
  {
    name: 'HTML entity',
    text: "It's a warm, funny & touching film.",
    variant: 'It&#39;s a warm, funny &amp; touching film.',
  },
  {
    name: 'HTML tag',
    text: 'A terrible film. I want my money back.',
    variant: 'A terrible film.<br /><br />I want my money back.',
  },
  {
    name: 'composed and decomposed accent',
    text: 'A charming fianc\u00e9 and a delightful caf\u00e9.',
    variant: 'A charming fiance\u0301 and a delightful cafe\u0301.',
  },
  {
    name: 'three dots as one character',
    text: 'Well... I hated it.',
    variant: 'Well\u2026 I hated it.',
  },
  {
    name: 'exclamation marks',
    text: 'One of the worst films of the year!',
    variant: 'One of the worst films of the year!!!',
  },
];

const plain = [
  'The film tells the story of two brothers.',
  'It is set in a small town by the sea.',
  'The second half takes place in New York.',
];

const additions: { name: string; addition: string; direction: 'up' | 'down' }[] = [
  { name: 'praise added', addition: 'It is wonderful.', direction: 'up' },
  { name: 'praise added', addition: 'I really enjoyed it.', direction: 'up' },
  { name: 'negated blame added', addition: 'It is not boring at all.', direction: 'up' },
  { name: 'blame added', addition: 'It is terrible.', direction: 'down' },
  { name: 'blame added', addition: 'I was really bored.', direction: 'down' },
  { name: 'negated praise added', addition: 'It is not funny at all.', direction: 'down' },
];

export const directionCases: DirectionCase[] = [
  ...plain.flatMap((text) => additions.map((addition) => ({ text, ...addition }))),
  { name: 'more praise', text: 'A good film', addition: 'and it is wonderful.', direction: 'up' },
  { name: 'more praise', text: 'The actors are charming', addition: 'and the music is beautiful.', direction: 'up' },
  { name: 'more blame', text: 'A bad film', addition: 'and it is far too long.', direction: 'down' },
  { name: 'more blame', text: 'The plot is silly', addition: 'and the acting is worse.', direction: 'down' },
  { name: 'praise taken back', text: 'The music is beautiful', addition: 'but it was terrible.', direction: 'down' },
  { name: 'praise taken back', text: 'It looks great', addition: 'but I was bored.', direction: 'down' },
  { name: 'blame taken back', text: 'The plot is silly', addition: 'but it was wonderful.', direction: 'up' },
  { name: 'blame taken back', text: 'It looks cheap', addition: 'but I enjoyed it.', direction: 'up' },
];
