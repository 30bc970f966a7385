/** Texts that must stay on one side of the split, directly or through others (union-find: Galler & Fischer 1964). */
export class Clusters {
  /** Of each text, another of its cluster or itself; following it leads to the one that stands for all. */
  readonly #parent: number[] = [];
  readonly #byKey = new Map<string, number>();

  /** Adds the next text. Texts that share a key share a cluster. */
  add(keys: readonly string[]): void {
    const text = this.#parent.length;
    this.#parent.push(text);
    for (const key of keys) {
      const other = this.#byKey.get(key);
      if (other === undefined) this.#byKey.set(key, text);
      else this.#parent[this.find(other)] = this.find(text);
    }
  }

  /** The text that stands for the cluster of a text. */
  find(text: number): number {
    let root = text;
    while (this.#parent[root] !== root) root = this.#parent[root];
    while (this.#parent[text] !== root) {
      const next = this.#parent[text];
      this.#parent[text] = root;
      text = next;
    }
    return root;
  }
}
