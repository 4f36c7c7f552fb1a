/**
 * A queue whose every operation takes the same time however long it is.
 *
 * @module
 */

/** Freed places at the front are given back when there are this many. */
const FREE_MAX = 16_384;

/** First in, first out. */
export class Queue<Item> {
  #items: (Item | undefined)[] = [];
  /** The places before this one are free. */
  #first = 0;

  /** How many items wait. */
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

  /** Takes the oldest item out. */
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

  /** Takes all items out, oldest first. */
  drain(): Item[] {
    const items = this.#items.slice(this.#first) as Item[];
    this.#items = [];
    this.#first = 0;
    return items;
  }
}
