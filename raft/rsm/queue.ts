/**
 * A queue with operations in constant time.
 *
 * @module
 */

/** Number of free places at the front from which they are released. */
const FREE_MAX = 16_384;

/** First in, first out. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** Places before this one are free. */
  #first = 0;

  /** The number of items. */
  get length(): number {
    return this.#items.length - this.#first;
  }

  /** The oldest item. */
  peek(): Item | undefined {
    return this.#items[this.#first];
  }

  /** Adds an item at the end. */
  push(item: Item): void {
    this.#items.push(item);
  }

  /** Removes and returns the oldest item. */
  shift(): Item | undefined {
    if (this.length === 0) return undefined;
    const item = this.#items[this.#first];
    this.#items[this.#first++] = undefined;
    if (this.#first === this.#items.length || this.#first >= FREE_MAX) {
      this.#items = this.#items.slice(this.#first);
      this.#first = 0;
    }
    return item;
  }

  /** Removes and returns all items, oldest first. */
  drain(): Item[] {
    const items = this.#items.slice(this.#first) as Item[];
    this.#items = [];
    this.#first = 0;
    return items;
  }
}
