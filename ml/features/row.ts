/** Weighted counts of one text by column, in the order of first occurrence. Reused from text to text. */
export class Row {
  /** Columns of this text, and their counts; `length` of them are in use. */
  columns: Int32Array<ArrayBuffer> = new Int32Array(1024);
  counts: Float32Array<ArrayBuffer> = new Float32Array(1024);
  length = 0;
  /**
   * `stride` numbers a column. The first is where the column stands in the row, if `columns` agrees, so nothing has to be
   * cleared. The others are the owner's: what is needed of a column stands side by side, because memory gives 64 bytes at once.
   */
  table: Int32Array<ArrayBuffer>;
  readonly stride: number;
  #credits: Credits | undefined;

  /** `size` is the number of columns to expect. */
  constructor(size: number, stride = 1) {
    this.table = new Int32Array(size * stride);
    this.stride = stride;
  }

  clear(): void {
    this.length = 0;
  }

  /** Counts n-grams of tokens: the first `count` of `found`, whose columns are below `size`. */
  add({ columns: found, spans }: Found, count: number, weights: Float32Array, size: number): void {
    if (this.#credits !== undefined) {
      for (let k = 0; k < count; k++) {
        const first = spans[k] >> SPAN_BITS;
        this.#credit(found[k], weights[first], first, first + (spans[k] & LONGEST));
      }
      return;
    }
    this.#reserve(count, size);
    const { columns, counts, table, stride } = this;
    let { length } = this;
    for (let k = 0; k < count; k++) {
      const column = found[k];
      const weight = weights[spans[k] >> SPAN_BITS];
      const place = table[stride * column];
      if (place < length && columns[place] === column) counts[place] += weight;
      else {
        table[stride * column] = length;
        columns[length] = column;
        counts[length++] = weight;
      }
    }
    this.length = length;
  }

  /** Counts n-grams of one token: the columns list[from, to), which are below `size`. */
  addList(list: Int32Array, from: number, to: number, weight: number, token: number, size: number): void {
    if (this.#credits !== undefined) {
      for (let k = from; k < to; k++) this.#credit(list[k], weight, token, token);
      return;
    }
    this.#reserve(to - from, size);
    const { columns, counts, table, stride } = this;
    let { length } = this;
    for (let k = from; k < to; k++) {
      const column = list[k];
      const place = table[stride * column];
      if (place < length && columns[place] === column) counts[place] += weight;
      else {
        table[stride * column] = length;
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
    const part = (each[this.table[this.stride * column]] * weight) / (last - first + 1);
    for (let token = first; token <= last; token++) tokens[token] += part;
  }

  /** Makes room for `count` more columns below `size`. */
  #reserve(count: number, size: number): void {
    if (size * this.stride > this.table.length) {
      const length = Math.max(size * this.stride, this.table.length * 2);
      this.table = new Int32Array(this.table.buffer.transfer(length * 4));
    }
    if (this.length + count > this.columns.length) {
      const bytes = 4 * Math.max(this.length + count, this.columns.length * 2);
      this.columns = new Int32Array(this.columns.buffer.transfer(bytes));
      this.counts = new Float32Array(this.counts.buffer.transfer(bytes));
    }
  }
}

/** N-grams in the order of the text: their columns, and their tokens by spanOf. */
export type Found = { columns: Int32Array; spans: Int32Array };

const SPAN_BITS = 5;
const LONGEST = (1 << SPAN_BITS) - 1;

/** `length` tokens from `first` on, 1 to 32, as one number. */
export function spanOf(first: number, length: number): number {
  return (first << SPAN_BITS) | (length - 1);
}

/** `each` is what a count of 1 is worth, by place. */
type Credits = { each: Float64Array; tokens: Float64Array };
