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

  /** Counts an n-gram of tokens `first` to `last`. */
  add(column: number, weight: number, first: number, last: number): void {
    if (column >= this.#places.length) this.#makeRoom(column);
    const place = this.#places[column];
    if (place < this.length && this.columns[place] === column) {
      if (this.#credits === undefined) this.counts[place] += weight;
      else credit(this.#credits, place, weight, first, last);
      return;
    }
    const { length } = this;
    if (length === this.columns.length) this.#grow();
    this.#places[column] = length;
    this.columns[length] = column;
    this.counts[length] = weight;
    this.length = length + 1;
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

  #makeRoom(column: number): void {
    const size = Math.max(column + 1, this.#places.length * 2, 1024);
    this.#places = new Uint32Array(this.#places.buffer.transfer(size * 4));
  }

  #grow(): void {
    const bytes = this.columns.byteLength * 2;
    this.columns = new Uint32Array(this.columns.buffer.transfer(bytes));
    this.counts = new Float32Array(this.counts.buffer.transfer(bytes));
  }
}

/** `each` is what a count of 1 is worth, by place. */
type Credits = { each: Float64Array; tokens: Float64Array };

function credit({ each, tokens }: Credits, place: number, weight: number, first: number, last: number): void {
  const part = (each[place] * weight) / (last - first + 1);
  for (let token = first; token <= last; token++) tokens[token] += part;
}
