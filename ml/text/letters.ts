/** The codes of a text in one buffer that is used again, since an array's elements take less time than `charCodeAt` of a string. */
export class Letters {
  #bytes = Buffer.alloc(1 << 12);
  /** UTF-16 codes of the text with a 0 behind them; what follows is left from other texts. */
  codes: Uint16Array<ArrayBufferLike> = new Uint16Array(this.#bytes.buffer, this.#bytes.byteOffset, 1 << 11);
  length = 0;

  read(text: string): this {
    const { length } = text;
    if (length >= this.codes.length) {
      this.#bytes = Buffer.alloc(4 * length);
      this.codes = new Uint16Array(this.#bytes.buffer, this.#bytes.byteOffset, 2 * length);
    }
    this.#bytes.write(text, 'utf16le');
    this.codes[length] = 0;
    this.length = length;
    return this;
  }

  toString(): string {
    return this.#bytes.toString('utf16le', 0, 2 * this.length);
  }
}
