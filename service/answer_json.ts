/** JSON that is made piece by piece: a large answer is kept as bytes, since its text would take up to three times as much. */

/** UTF-16 units of a piece. */
const PIECE = 64 * 1024;
/** Of a list, what is made at a time. */
const ITEMS = 256;

export class AnswerJson {
  #text: string;
  readonly #pieces: Buffer[] = [];

  constructor(text = '') {
    this.#text = text;
  }

  add(text: string): this {
    this.#text += text;
    if (this.#text.length > PIECE) this.#cut();
    return this;
  }

  addList(items: readonly unknown[]): this {
    this.add('[');
    for (let at = 0; at < items.length; at += ITEMS) {
      if (at > 0) this.add(',');
      this.add(JSON.stringify(items.slice(at, at + ITEMS)).slice(1, -1));
    }
    return this.add(']');
  }

  whole(): string | Buffer[] {
    if (this.#pieces.length === 0) return this.#text;
    this.#cut();
    return this.#pieces;
  }

  #cut(): void {
    this.#pieces.push(Buffer.from(this.#text));
    this.#text = '';
  }
}
