/** Weighted counts of one text by column, in the order of first occurrence. Reused from text to text. */
export class Row {
  /** Columns of this text, and their counts; `length` of them are in use. */
  columns: Uint32Array<ArrayBuffer> = new Uint32Array(1024);
  counts: Float32Array<ArrayBuffer> = new Float32Array(1024);
  length = 0;
  /** Where a column stands in the row, if `columns` agrees: so nothing has to be cleared. */
  #places: Uint32Array<ArrayBuffer>;
  #credits: Credits | undefined;

  /** `size` is the number of columns to expect. */
  constructor(size: number) {
    this.#places = new Uint32Array(size);
  }

  clear(): void {
    this.length = 0;
  }

  /** Counts n-grams of tokens: the first `count` of `found`, whose columns are below `size`. */
  add({ columns: found, firsts, lasts }: Found, count: number, weights: Float32Array, size: number): void {
    if (this.#credits !== undefined) {
      for (let k = 0; k < count; k++) this.#credit(found[k], weights[firsts[k]], firsts[k], lasts[k]);
      return;
    }
    this.#reserve(count, size);
    const { columns, counts } = this;
    const places = this.#places;
    let { length } = this;
    for (let k = 0; k < count; k++) {
      const column = found[k];
      const weight = weights[firsts[k]];
      const place = places[column];
      if (place < length && columns[place] === column) counts[place] += weight;
      else {
        places[column] = length;
        columns[length] = column;
        counts[length++] = weight;
      }
    }
    this.length = length;
  }

  /** Counts n-grams of one token: the columns list[from, to), which are below `size`. */
  addList(list: Uint32Array, from: number, to: number, weight: number, token: number, size: number): void {
    if (this.#credits !== undefined) {
      for (let k = from; k < to; k++) this.#credit(list[k], weight, token, token);
      return;
    }
    this.#reserve(to - from, size);
    const { columns, counts } = this;
    const places = this.#places;
    let { length } = this;
    for (let k = from; k < to; k++) {
      const column = list[k];
      const place = places[column];
      if (place < length && columns[place] === column) counts[place] += weight;
      else {
        places[column] = length;
        columns[length] = column;
        counts[length++] = weight;
      }
    }
    this.length = length;
  }

  /**
   * Runs `recount`, which adds the same n-grams again: now each gives its tokens, in `tokens`, their part of what its column
   * is worth. `worth` has a number for each place of the row.
   */
  explain(worth: Float64Array, tokens: Float64Array, recount: () => void): void {
    const each = worth.map((value, place) => (this.counts[place] === 0 ? 0 : value / this.counts[place]));
    this.#credits = { each, tokens };
    recount();
    this.#credits = undefined;
  }

  #credit(column: number, weight: number, first: number, last: number): void {
    const { each, tokens } = this.#credits!;
    const part = (each[this.#places[column]] * weight) / (last - first + 1);
    for (let token = first; token <= last; token++) tokens[token] += part;
  }

  /** Makes room for `count` more columns below `size`. */
  #reserve(count: number, size: number): void {
    if (size > this.#places.length) {
      this.#places = new Uint32Array(this.#places.buffer.transfer(Math.max(size, this.#places.length * 2) * 4));
    }
    if (this.length + count > this.columns.length) {
      const bytes = 4 * Math.max(this.length + count, this.columns.length * 2);
      this.columns = new Uint32Array(this.columns.buffer.transfer(bytes));
      this.counts = new Float32Array(this.counts.buffer.transfer(bytes));
    }
  }
}

/** N-grams in the order of the text: their columns, and the first and the last token of each. */
export type Found = { columns: Int32Array; firsts: Int32Array; lasts: Int32Array };

/** `each` is what a count of 1 is worth, by place. */
type Credits = { each: Float64Array; tokens: Float64Array };
