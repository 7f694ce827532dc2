/**
 * Follows a grammar byte by byte: a state is the set of all stacks of nodes that may still have to be matched. States are made as they
 * are reached, and found again, so that after a while following them is a look-up. No state is a dead end: whatever cannot be completed
 * is left out from the beginning.
 */
import { assert } from '../util/assert';
import { satisfiable, type GrammarBuilder, type GrammarNode } from './grammar';

/** What is still to be matched: a node, then the rest. */
interface Stack {
  readonly id: number;
  readonly node: GrammarNode;
  readonly rest: Stack | undefined;
}

/** Where a text is in a grammar. */
export interface AutomatonState {
  /** Whether the text may end here. */
  readonly mayEnd: boolean;
  /** Stacks whose next node is a byte. */
  readonly stacks: readonly Stack[];
  /** What each byte leads to, as far as it is known: undefined for nowhere. */
  readonly next: Map<number, AutomatonState | undefined>;
}

/** States that are found again; a text may reach any number of them. */
const maxStates = 20_000;

/** The automaton of a grammar. */
export class Automaton {
  /** Before the first byte. */
  readonly initial: AutomatonState;
  readonly #good: ReadonlySet<GrammarNode>;
  readonly #stacks = new Map<string, Stack>();
  readonly #states = new Map<string, AutomatonState>();
  #numStacks = 0;

  /** `builder` is what `root` was made with. Nothing may satisfy it: see `isSatisfiable`. */
  constructor(
    private readonly builder: GrammarBuilder,
    root: GrammarNode,
  ) {
    this.#good = satisfiable(root);
    this.initial = this.#stateOf(this.#good.has(root) ? [this.#push(root, undefined)] : []);
  }

  /** Whether any text satisfies the grammar. */
  get isSatisfiable(): boolean {
    return this.initial.mayEnd || this.initial.stacks.length > 0;
  }

  /** The state after one more byte; undefined where the grammar does not allow it. */
  step(state: AutomatonState, byte: number): AutomatonState | undefined {
    if (state.next.has(byte)) return state.next.get(byte);
    const rests: (Stack | undefined)[] = [];
    for (const { node, rest } of state.stacks) {
      assert(node.kind === 'bytes', 'a state waits for bytes');
      if (node.ranges.some(([first, last]) => byte >= first && byte <= last)) rests.push(rest);
    }
    const next = rests.length === 0 ? undefined : this.#stateOf(rests);
    state.next.set(byte, next);
    return next;
  }

  #stateOf(tops: readonly (Stack | undefined)[]): AutomatonState {
    const ready = new Set<Stack>();
    const seen = new Set<Stack>();
    let mayEnd = false;
    const todo = [...tops];
    while (todo.length > 0) {
      const stack = todo.pop();
      if (!stack) {
        mayEnd = true;
        continue;
      }
      if (seen.has(stack)) continue;
      seen.add(stack);
      if (stack.node.kind === 'bytes') ready.add(stack);
      else todo.push(...this.#expand(stack.node, stack.rest));
    }
    const stacks = [...ready].sort((a, b) => a.id - b.id);
    const key = `${mayEnd ? '.' : ''}${stacks.map(({ id }) => id).join(' ')}`;
    let state = this.#states.get(key);
    if (!state) {
      if (this.#states.size >= maxStates) this.#states.clear();
      state = { mayEnd, stacks, next: new Map() };
      this.#states.set(key, state);
    }
    return state;
  }

  /** What a node that is no byte may be matched by. */
  #expand(node: Exclude<GrammarNode, { kind: 'bytes' }>, rest: Stack | undefined): (Stack | undefined)[] {
    switch (node.kind) {
      case 'sequence':
        return [node.parts.reduceRight<Stack | undefined>((stack, part) => this.#push(part, stack), rest)];
      case 'choice':
        return node.parts.filter((part) => this.#good.has(part)).map((part) => this.#push(part, rest));
      case 'later':
        return [this.#push(node.target!, rest)];
      case 'repeat': {
        const { part, least, most } = node;
        const skipped = least === 0 ? [rest] : [];
        if (!this.#good.has(part)) return skipped;
        const others = this.builder.repeat(part, Math.max(least - 1, 0), most - 1);
        return [
          ...skipped,
          this.#push(part, others === this.builder.empty ? rest : this.#push(others, rest)),
        ];
      }
    }
  }

  #push(node: GrammarNode, rest: Stack | undefined): Stack {
    const key = `${node.id} ${rest?.id ?? ''}`;
    let stack = this.#stacks.get(key);
    if (!stack) {
      stack = { id: this.#numStacks++, node, rest };
      this.#stacks.set(key, stack);
    }
    return stack;
  }
}
