/**
 * Which line a byte stands in. Lines end in LF, CRLF or CR. Chunks are added as they pass by and let go as soon as the
 * question has moved beyond them.
 */
const LF = 10;
const CR = 13;

export class LineCounter {
  readonly #chunks: Uint8Array[] = [];
  /** Offset of the first chunk held. */
  #start = 0;
  /** Next byte to look at, in the first chunk held. */
  #position = 0;
  #line = 1;
  #afterCr = false;

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
  }

  /** The line of the first byte at or after `offset` that ends no line. Offsets must not descend. */
  lineAt(offset: number): number {
    for (;;) {
      const chunk = this.#chunks[0];
      if (!chunk) return this.#line;
      while (this.#position < chunk.length) {
        const byte = chunk[this.#position];
        if (this.#start + this.#position >= offset && byte !== LF && byte !== CR) return this.#line;
        if (byte === CR || (byte === LF && !this.#afterCr)) this.#line++;
        this.#afterCr = byte === CR;
        this.#position++;
      }
      this.#start += chunk.length;
      this.#position = 0;
      this.#chunks.shift();
    }
  }
}
