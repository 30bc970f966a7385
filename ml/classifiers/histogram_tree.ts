/**
 * One regression tree on a binned sparse matrix, for forests and boosting alike. A node's rows have sums G of the
 * residuals and H of the weights; its value is G / (H + lambda), and the split is the one that gains most:
 *
 *     gain = GL^2 / (HL + lambda) + GR^2 / (HR + lambda) - G^2 / (H + lambda)
 *
 * With H the second derivative of the loss, this is XGBoost's gain (Chen & Guestrin 2016); with residual w x label, weight
 * w and lambda 0 it is Gini's (Breiman et al. 1984). The work at a node grows with its stored entries: the zero bin of a
 * column is the remainder, and the larger half of a split gets its sums by subtraction while that is cheaper.
 */
import { z } from 'zod';
import type { Bins } from './bins.ts';
import type { Tree } from './trees.ts';

export const maxDepth = (value: number) =>
  z.number().int().min(0).default(value).describe('Limit of splits above a leaf; 0 for no limit.');

export type TreeSettings = {
  /** Limit of splits above a leaf; 0 for no limit. */
  max_depth: number;
  /** Least sum of weights in a leaf, above 0. */
  min_child_weight: number;
  /** Penalty on the leaves' values, 0 or more. */
  lambda: number;
  /** Columns to choose a split from, drawn anew each time; 0 for all. */
  columns_per_split: number;
};

/** Its rows are order[from..to), and those whose label is `label`. */
type Node = {
  id: number;
  label: number;
  from: number;
  to: number;
  depth: number;
  g: number;
  h: number;
  isDense: boolean;
};
type Split = { gain: number; column: number; bin: number; g: number; h: number };

/** A gain below this is rounding. */
const LEAST_GAIN = 1e-9;

/** Grows trees on one matrix; they share its working memory. */
export class TreeGrower {
  readonly #bins: Bins;
  readonly #settings: TreeSettings;
  readonly #random: () => number;
  /** Sums of G and H of the current node, two numbers a bin; zero between nodes. */
  readonly #sums: Float64Array;
  /** The same for the one node that gets them by subtraction. */
  readonly #dense: Float64Array;
  /** Columns with an entry in `#sums`. */
  readonly #touched: Uint32Array;
  #touchedCount = 0;
  readonly #isTouched: Uint8Array;
  /** Columns in the order of the next draws. */
  readonly #urn: Uint32Array;
  readonly #isDrawn: Uint8Array;
  /** Label of the node that each row is in. */
  readonly #labelOf: Int32Array;
  /** Rows, those of a node side by side, and the position of each row. */
  readonly #order: Uint32Array;
  readonly #position: Uint32Array;
  #gradient = new Float64Array(0);
  #hessian = new Float64Array(0);

  constructor(bins: Bins, settings: TreeSettings, random: () => number) {
    this.#bins = bins;
    this.#settings = settings;
    this.#random = random;
    this.#sums = new Float64Array(2 * bins.binCount);
    this.#dense = new Float64Array(settings.columns_per_split === 0 ? 2 * bins.binCount : 0);
    this.#touched = new Uint32Array(bins.columns.length);
    this.#isTouched = new Uint8Array(bins.columnCount);
    this.#urn = bins.columns.slice();
    this.#isDrawn = new Uint8Array(bins.columnCount);
    this.#labelOf = new Int32Array(bins.rowCount);
    this.#order = new Uint32Array(bins.rowCount);
    this.#position = new Uint32Array(bins.rowCount);
  }

  /** Residual and weight by row; rows of weight 0 are not in the tree. `fitted` gets the value of each other row. */
  grow(gradient: Float64Array<ArrayBuffer>, hessian: Float64Array<ArrayBuffer>, fitted: Float64Array): Tree {
    this.#gradient = gradient;
    this.#hessian = hessian;
    const order = this.#order;
    let count = 0;
    this.#labelOf.fill(-1);
    for (let i = 0; i < hessian.length; i++) {
      if (hessian[i] === 0) continue;
      this.#labelOf[i] = 0;
      this.#position[i] = count;
      order[count++] = i;
    }
    const column = [-1];
    const bin = [0];
    const left = [0];
    const value = [0];
    const root: Node = { id: 0, label: 0, from: 0, to: count, depth: 0, ...this.#total(0, count), isDense: false };
    const stack: { node: Node; split: Split | undefined }[] = [{ node: root, split: this.#lookAtRoot(root) }];
    for (let top = stack.pop(); top; top = stack.pop()) {
      const { node, split } = top;
      if (!split) {
        value[node.id] = node.g / (node.h + this.#settings.lambda);
        for (let k = node.from; k < node.to; k++) fitted[order[k]] = value[node.id];
        continue;
      }
      const child = column.length;
      column[node.id] = split.column;
      bin[node.id] = split.bin;
      left[node.id] = child;
      column.push(-1, -1);
      bin.push(0, 0);
      left.push(0, 0);
      value.push(0, 0);
      const [low, high] = this.#partition(node, split, child);
      const [small, large] = low.to - low.from <= high.to - high.from ? [low, high] : [high, low];
      const ofSmall = this.#lookAtSmall(small, node.isDense);
      large.isDense = node.isDense;
      const ofLarge = this.#lookAtLarge(large);
      // The large child comes first, so that no more than one node alive has its sums by subtraction.
      stack.push({ node: small, split: ofSmall }, { node: large, split: ofLarge });
    }
    return {
      column: Int32Array.from(column),
      bin: Uint32Array.from(bin),
      left: Uint32Array.from(left),
      value: Float64Array.from(value),
    };
  }

  #total(from: number, to: number): { g: number; h: number } {
    let g = 0;
    let h = 0;
    for (let k = from; k < to; k++) {
      g += this.#gradient[this.#order[k]];
      h += this.#hessian[this.#order[k]];
    }
    return { g, h };
  }

  #canSplit(node: Node): boolean {
    const { max_depth, min_child_weight } = this.#settings;
    return (max_depth === 0 || node.depth < max_depth) && node.h >= 2 * min_child_weight && !this.#isPure(node);
  }

  /** Whether all rows have the same ratio of gradient to weight, so that no split can gain. */
  #isPure({ from, to }: Node): boolean {
    const order = this.#order;
    const g = this.#gradient[order[from]];
    const h = this.#hessian[order[from]];
    for (let k = from + 1; k < to; k++) {
      if (this.#gradient[order[k]] * h !== g * this.#hessian[order[k]]) return false;
    }
    return true;
  }

  #lookAtRoot(root: Node): Split | undefined {
    if (!this.#canSplit(root)) return undefined;
    if (this.#settings.columns_per_split > 0) return this.#bestOfDrawn(root);
    this.#accumulate(root);
    this.#dense.set(this.#sums);
    root.isDense = true;
    const split = this.#bestOf(this.#touched.subarray(0, this.#touchedCount), this.#sums, root);
    this.#clear();
    return split;
  }

  /** Also subtracts the node's sums from those of its parent, which become its sibling's. */
  #lookAtSmall(node: Node, parentIsDense: boolean): Split | undefined {
    const canSplit = this.#canSplit(node);
    if (this.#settings.columns_per_split > 0) return canSplit ? this.#bestOfDrawn(node) : undefined;
    if (!canSplit && !parentIsDense) return undefined;
    this.#accumulate(node);
    const columns = this.#touched.subarray(0, this.#touchedCount);
    const split = canSplit ? this.#bestOf(columns, this.#sums, node) : undefined;
    if (parentIsDense) {
      const { first } = this.#bins;
      for (const j of columns) {
        for (let k = 2 * first[j]; k < 2 * first[j + 1]; k++) this.#dense[k] -= this.#sums[k];
      }
    }
    this.#clear();
    return split;
  }

  #lookAtLarge(node: Node): Split | undefined {
    if (!this.#canSplit(node)) return undefined;
    if (this.#settings.columns_per_split > 0) return this.#bestOfDrawn(node);
    const { binCount, columns, entries, rowCount } = this.#bins;
    const cost = ((node.to - node.from) * entries.length) / rowCount;
    if (node.isDense && cost * 4 > binCount) return this.#bestOf(columns, this.#dense, node);
    node.isDense = false;
    this.#accumulate(node);
    const split = this.#bestOf(this.#touched.subarray(0, this.#touchedCount), this.#sums, node);
    this.#clear();
    return split;
  }

  /** Sums of a node's rows, all columns. */
  #accumulate({ from, to }: Node): void {
    const { start, entries, entryColumn } = this.#bins;
    const sums = this.#sums;
    const touched = this.#touched;
    const isTouched = this.#isTouched;
    let count = this.#touchedCount;
    for (let k = from; k < to; k++) {
      const i = this.#order[k];
      const g = this.#gradient[i];
      const h = this.#hessian[i];
      const end = start[i + 1];
      for (let e = start[i]; e < end; e++) {
        const bin = entries[e];
        sums[2 * bin] += g;
        sums[2 * bin + 1] += h;
        const j = entryColumn[e];
        if (isTouched[j] === 0) {
          isTouched[j] = 1;
          touched[count++] = j;
        }
      }
    }
    this.#touchedCount = count;
  }

  #clear(): void {
    const { first } = this.#bins;
    for (let t = 0; t < this.#touchedCount; t++) {
      const j = this.#touched[t];
      this.#sums.fill(0, 2 * first[j], 2 * first[j + 1]);
      this.#isTouched[j] = 0;
    }
    this.#touchedCount = 0;
  }

  /** Draws `columns_per_split` columns at a time until one of them splits the node, as Breiman's forests do. */
  #bestOfDrawn(node: Node): Split | undefined {
    const urn = this.#urn;
    for (let drawn = 0; drawn < urn.length; ) {
      const until = Math.min(urn.length, drawn + this.#settings.columns_per_split);
      const from = drawn;
      let stored = 0;
      for (; drawn < until; drawn++) {
        const other = drawn + Math.floor(this.#random() * (urn.length - drawn));
        const j = urn[other];
        urn[other] = urn[drawn];
        urn[drawn] = j;
        stored += this.#bins.columnStart[j + 1] - this.#bins.columnStart[j];
      }
      const columns = urn.subarray(from, until);
      this.#accumulateDrawn(node, columns, stored);
      const split = this.#bestOf(this.#touched.subarray(0, this.#touchedCount), this.#sums, node);
      this.#clear();
      if (split) return split;
    }
    return undefined;
  }

  /** Sums over some columns only, by rows or by columns, whichever visits fewer entries. */
  #accumulateDrawn(node: Node, columns: Uint32Array, stored: number): void {
    const { start, entries, entryColumn, columnStart, rows, binOf, rowCount } = this.#bins;
    const byRows = ((node.to - node.from) * entries.length) / rowCount;
    if (stored < byRows) {
      for (const j of columns) {
        for (let k = columnStart[j]; k < columnStart[j + 1]; k++) {
          if (this.#labelOf[rows[k]] === node.label) this.#add(binOf[k], j, rows[k]);
        }
      }
      return;
    }
    const isDrawn = this.#isDrawn;
    for (const j of columns) isDrawn[j] = 1;
    for (let k = node.from; k < node.to; k++) {
      const i = this.#order[k];
      const end = start[i + 1];
      for (let e = start[i]; e < end; e++) {
        const j = entryColumn[e];
        if (isDrawn[j] === 1) this.#add(entries[e], j, i);
      }
    }
    for (const j of columns) isDrawn[j] = 0;
  }

  #add(bin: number, j: number, row: number): void {
    this.#sums[2 * bin] += this.#gradient[row];
    this.#sums[2 * bin + 1] += this.#hessian[row];
    if (this.#isTouched[j] === 0) {
      this.#isTouched[j] = 1;
      this.#touched[this.#touchedCount++] = j;
    }
  }

  /** The best split on these columns, whose sums over stored entries are given. */
  #bestOf(columns: Uint32Array, sums: Float64Array, node: Node): Split | undefined {
    const { first, zero } = this.#bins;
    const { lambda, min_child_weight } = this.#settings;
    const { g: nodeG, h: nodeH } = node;
    const most = nodeH - min_child_weight;
    const base = (nodeG * nodeG) / (nodeH + lambda);
    const best: Split = { gain: LEAST_GAIN, column: -1, bin: 0, g: 0, h: 0 };
    for (let c = 0; c < columns.length; c++) {
      const j = columns[c];
      const from = first[j];
      const to = first[j + 1];
      const atZero = zero[j];
      let restG = nodeG;
      let restH = nodeH;
      for (let b = from; b < to; b++) {
        restG -= sums[2 * b];
        restH -= sums[2 * b + 1];
      }
      let g = 0;
      let h = 0;
      for (let b = from; b < to - 1; b++) {
        const added = b === atZero ? restH : sums[2 * b + 1];
        if (added === 0) continue;
        g += b === atZero ? restG : sums[2 * b];
        h += added;
        if (h < min_child_weight) continue;
        if (h > most) break;
        const gain = (g * g) / (h + lambda) + ((nodeG - g) * (nodeG - g)) / (nodeH - h + lambda) - base;
        if (gain > best.gain) {
          best.gain = gain;
          best.column = j;
          best.bin = b;
          best.g = g;
          best.h = h;
        }
      }
    }
    return best.column < 0 ? undefined : best;
  }

  /**
   * The two children. Only rows with an entry in the column can leave the others, so only those are moved: splitting off
   * a word of few texts costs no more than those texts.
   */
  #partition(node: Node, { column, bin, g, h }: Split, child: number): [Node, Node] {
    const { zero, columnStart, rows, binOf } = this.#bins;
    const zeroGoesLeft = zero[column] <= bin;
    const label = zeroGoesLeft ? child + 1 : child;
    let { from, to } = node;
    for (let k = columnStart[column]; k < columnStart[column + 1]; k++) {
      const row = rows[k];
      if (this.#labelOf[row] !== node.label || binOf[k] <= bin === zeroGoesLeft) continue;
      this.#labelOf[row] = label;
      this.#swap(this.#position[row], zeroGoesLeft ? --to : from++);
    }
    const middle = zeroGoesLeft ? to : from;
    const depth = node.depth + 1;
    const [left, right] = zeroGoesLeft ? [node.label, label] : [label, node.label];
    return [
      { id: child, label: left, from: node.from, to: middle, depth, g, h, isDense: false },
      { id: child + 1, label: right, from: middle, to: node.to, depth, g: node.g - g, h: node.h - h, isDense: false },
    ];
  }

  #swap(one: number, other: number): void {
    const order = this.#order;
    const row = order[one];
    order[one] = order[other];
    order[other] = row;
    this.#position[order[one]] = one;
    this.#position[row] = other;
  }
}
