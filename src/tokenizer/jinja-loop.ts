/** What `loop` tells in the body of a loop. */
import { boolean, callable, dict, equals, integer, tuple, undefinedValue, type Value } from './jinja-values';

/** The fields of `loop`, item after item. `depth` counts the recursive loops around, itself included. */
export class LoopFields {
  readonly #items: readonly Value[];
  readonly #depth: number;
  #index = 0;
  #changed: Value | undefined;
  readonly #calls: readonly (readonly [string, Value])[] = [
    ['cycle', callable((values) => this.#cycle(values))],
    ['changed', callable((values) => boolean(this.#isOther(values)))],
  ];

  constructor(items: readonly Value[], depth: number) {
    this.#items = items;
    this.#depth = depth;
  }

  /** The value of `loop` for the item at `index`. */
  at(index: number): Value {
    this.#index = index;
    const { length } = this.#items;
    return dict(
      new Map<string, Value>([
        ['index', integer(index + 1)],
        ['index0', integer(index)],
        ['revindex', integer(length - index)],
        ['revindex0', integer(length - index - 1)],
        ['first', boolean(index === 0)],
        ['last', boolean(index === length - 1)],
        ['length', integer(length)],
        ['depth', integer(this.#depth)],
        ['depth0', integer(this.#depth - 1)],
        ['previtem', this.#items[index - 1] ?? undefinedValue()],
        ['nextitem', this.#items[index + 1] ?? undefinedValue()],
        ...this.#calls,
      ]),
    );
  }

  #cycle(values: readonly Value[]): Value {
    const { length } = values;
    return values[((this.#index % length) + length) % length] ?? undefinedValue();
  }

  /** Whether these are other values than those of the call before. */
  #isOther(values: readonly Value[]): boolean {
    const now = tuple(values);
    const isOther = !this.#changed || !equals(this.#changed, now);
    this.#changed = now;
    return isOther;
  }
}
