/** Room for text: what does not fit is left out and counted. */
export class Budget {
  #left: number;

  constructor(octets: number) {
    this.#left = octets;
  }

  get left(): number {
    return this.#left;
  }

  /** The line end is counted too. */
  take(line: string): boolean {
    const size = Buffer.byteLength(line) + 1;
    if (size > this.#left) return false;
    this.#left -= size;
    return true;
  }

  /** The items that fit, from the first, into at most this part of what is left. */
  fit(items: readonly string[], part = 1): readonly string[] {
    const own = new Budget(Math.floor(this.#left * part));
    const end = items.findIndex((item) => !own.take(item));
    const kept = end === -1 ? items : items.slice(0, end);
    for (const item of kept) this.take(item);
    return kept;
  }
}
