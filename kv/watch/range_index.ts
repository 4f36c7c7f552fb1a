/**
 * Which of many ranges hold a key, without a look at all of them: ranges of one key are found in a
 * `Map`, wider ones in a search tree in which every node knows the largest end below it.
 *
 * @module
 */

import { type KeyRange, onlyKeyOf } from "./key_ranges.ts";

interface Node<Item> {
  readonly range: KeyRange;
  readonly items: Set<Item>;
  /** A heap by this number keeps the tree flat. */
  readonly priority: number;
  /** The largest end of this node and all below it; `null`: one has no end. */
  largestEnd: string | null;
  left: Node<Item> | null;
  right: Node<Item> | null;
}

/** Items under the ranges for which they were added. */
export class RangeIndex<Item> {
  readonly #byKey = new Map<string, Set<Item>>();
  #root: Node<Item> | null = null;
  #seed = 1;

  /** Adds an item under a range. */
  add(range: KeyRange, item: Item): void {
    const key = onlyKeyOf(range);
    if (key === null) {
      this.#root = this.#insert(this.#root, range, item);
      return;
    }
    const items = this.#byKey.get(key);
    if (items === undefined) this.#byKey.set(key, new Set([item]));
    else items.add(item);
  }

  /** Removes an item from under a range. */
  remove(range: KeyRange, item: Item): void {
    const key = onlyKeyOf(range);
    if (key === null) {
      this.#root = remove(this.#root, range, item);
      return;
    }
    const items = this.#byKey.get(key);
    items?.delete(item);
    if (items?.size === 0) this.#byKey.delete(key);
  }

  /** Calls a function with each item whose range holds the key. */
  find(key: string, found: (item: Item) => void): void {
    const items = this.#byKey.get(key);
    if (items !== undefined) { for (const item of items) found(item); }
    if (this.#root !== null) visit(this.#root, key, found);
  }

  #insert(node: Node<Item> | null, range: KeyRange, item: Item): Node<Item> {
    if (node === null) {
      // A xorshift: only the shape of the tree depends on it, nothing that anybody sees.
      this.#seed ^= this.#seed << 13;
      this.#seed ^= this.#seed >>> 17;
      this.#seed ^= this.#seed << 5;
      const priority = this.#seed;
      return {
        range,
        items: new Set([item]),
        priority,
        largestEnd: range.end,
        left: null,
        right: null,
      };
    }
    const order = compare(range, node.range);
    if (order === 0) {
      node.items.add(item);
      return node;
    }
    if (order < 0) {
      node.left = this.#insert(node.left, range, item);
      return node.left.priority > node.priority ? rotateRight(node, node.left) : measured(node);
    }
    node.right = this.#insert(node.right, range, item);
    return node.right.priority > node.priority ? rotateLeft(node, node.right) : measured(node);
  }
}

function visit<Item>(node: Node<Item>, key: string, found: (item: Item) => void): void {
  // No range below reaches the key.
  if (node.largestEnd !== null && node.largestEnd <= key) return;
  if (node.left !== null) visit(node.left, key, found);
  if (node.range.start > key) return;
  const { end } = node.range;
  if (end === null || key < end) { for (const item of node.items) found(item); }
  if (node.right !== null) visit(node.right, key, found);
}

function remove<Item>(
  node: Node<Item> | null,
  range: KeyRange,
  item: Item,
): Node<Item> | null {
  if (node === null) return null;
  const order = compare(range, node.range);
  if (order < 0) node.left = remove(node.left, range, item);
  else if (order > 0) node.right = remove(node.right, range, item);
  else {
    node.items.delete(item);
    if (node.items.size === 0) return joined(node.left, node.right);
  }
  return measured(node);
}

/** One tree of two, of which all ranges of the first come before those of the second. */
function joined<Item>(left: Node<Item> | null, right: Node<Item> | null): Node<Item> | null {
  if (left === null || right === null) return left ?? right;
  if (left.priority > right.priority) {
    left.right = joined(left.right, right);
    return measured(left);
  }
  right.left = joined(left, right.left);
  return measured(right);
}

function rotateRight<Item>(node: Node<Item>, left: Node<Item>): Node<Item> {
  node.left = left.right;
  left.right = measured(node);
  return measured(left);
}

function rotateLeft<Item>(node: Node<Item>, right: Node<Item>): Node<Item> {
  node.right = right.left;
  right.left = measured(node);
  return measured(right);
}

function measured<Item>(node: Node<Item>): Node<Item> {
  node.largestEnd = node.range.end;
  for (const child of [node.left, node.right]) {
    if (child === null || node.largestEnd === null) continue;
    if (child.largestEnd === null || child.largestEnd > node.largestEnd) {
      node.largestEnd = child.largestEnd;
    }
  }
  return node;
}

function compare(one: KeyRange, other: KeyRange): number {
  if (one.start !== other.start) return one.start < other.start ? -1 : 1;
  if (one.end === other.end) return 0;
  if (one.end === null) return 1;
  return other.end === null || one.end < other.end ? -1 : 1;
}
