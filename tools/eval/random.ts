/** Seeded choices for documents and for resampling. Pure. */
import { randomSource } from '../util/random';

/** A source of random choices; the same seed gives the same ones. */
export class Random {
  readonly #next: () => number;

  constructor(seed: string) {
    this.#next = randomSource(hash(seed));
  }

  /** Uniform in [0, 1). */
  unit(): number {
    return this.#next();
  }

  /** A whole number in [min, max], both included. */
  integer(min: number, max: number): number {
    return min + Math.floor(this.#next() * (max - min + 1));
  }

  /** One of the items. @throws RangeError when there are none */
  pick<T>(items: readonly T[]): T {
    if (items.length === 0) throw new RangeError('There is nothing to pick from.');
    return items[this.integer(0, items.length - 1)]!;
  }

  /** The items in a random order. */
  shuffle<T>(items: readonly T[]): T[] {
    const shuffled = [...items];
    for (let i = shuffled.length - 1; i > 0; i--) {
      const j = this.integer(0, i);
      [shuffled[i], shuffled[j]] = [shuffled[j]!, shuffled[i]!];
    }
    return shuffled;
  }

  /** `count` different items, or all of them when there are fewer. */
  sample<T>(items: readonly T[], count: number): T[] {
    return this.shuffle(items).slice(0, count);
  }

  /** Different numbers of that many digits, as text. */
  numbers(count: number, numDigits: number): string[] {
    const found = new Set<string>();
    while (found.size < count) found.add(String(this.integer(10 ** (numDigits - 1), 10 ** numDigits - 1)));
    return [...found];
  }
}

/** FNV-1a over UTF-16 units. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  return value >>> 0;
}
