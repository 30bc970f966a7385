/** What people call the classes of a model. */

const SENTIMENTS = new Map([
  ['negative', 'Negative Sentiment'],
  ['neutral', 'Neutral Sentiment'],
  ['positive', 'Positive Sentiment'],
]);

/** A class that is no sentiment keeps its name. */
export function sentimentOf(label: string): string {
  return SENTIMENTS.get(label) ?? label;
}

/** The classes of a service whose model is not yet loaded, as far as anyone knows. */
export const USUAL_CLASSES: readonly string[] = ['negative', 'positive'];

/** Those that an explanation can be about: of two classes, it is always about the second. */
export function explainable(classes: readonly string[]): readonly string[] {
  return classes.length === 2 ? classes.slice(1) : classes;
}

/** "positive or negative", the last class first. */
export function namesOf(classes: readonly string[]): string {
  const names = classes.toReversed();
  return `${names.slice(0, -1).join(', ')} or ${names.at(-1)}`;
}
