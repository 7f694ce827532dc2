/** Grammars over bytes: nodes that are put together, and may contain themselves. What an automaton follows. Pure. */
import { assert } from '../util/assert';
import { utf8Sequences, type CodePoints, type Range } from './code-points';

/** A part of a grammar. Recursion is to the right, behind at least one byte. */
export type GrammarNode = { readonly id: number } & (
  | { readonly kind: 'bytes'; readonly ranges: readonly Range[] }
  | { readonly kind: 'sequence'; readonly parts: readonly GrammarNode[] }
  | { readonly kind: 'choice'; readonly parts: readonly GrammarNode[] }
  | { readonly kind: 'repeat'; readonly part: GrammarNode; readonly least: number; readonly most: number }
  | { readonly kind: 'later'; target: GrammarNode | undefined }
);

/** A node without its number. */
type Unnumbered<Node> = Node extends GrammarNode ? Omit<Node, 'id'> : never;

/** Grammars beyond this are not what anybody wants to be held to. */
const maxNodes = 200_000;

/** Thrown for a grammar of too many parts. */
export class GrammarTooLarge extends Error {}

/** Makes nodes. */
export class GrammarBuilder {
  #numNodes = 0;
  readonly #repeats = new Map<string, GrammarNode>();
  readonly #single = new Map<number, GrammarNode>();
  /** Nothing at all, and what nothing satisfies. */
  readonly empty = this.#add({ kind: 'sequence', parts: [] });
  readonly never = this.#add({ kind: 'choice', parts: [] });

  /** One byte of these ranges. */
  bytes(...ranges: Range[]): GrammarNode {
    return this.#add({ kind: 'bytes', ranges });
  }

  /** This text. */
  text(text: string): GrammarNode {
    const bytes = [...new TextEncoder().encode(text)];
    return this.sequence(...bytes.map((byte) => this.#byte(byte)));
  }

  /** One of these characters. */
  character(set: CodePoints): GrammarNode {
    return this.choice(
      ...utf8Sequences(set).map((ranges) => this.sequence(...ranges.map((range) => this.bytes(range)))),
    );
  }

  /** One after another. */
  sequence(...parts: GrammarNode[]): GrammarNode {
    if (parts.includes(this.never)) return this.never;
    const [only, ...others] = parts.filter((part) => part !== this.empty);
    if (!only) return this.empty;
    return others.length === 0 ? only : this.#add({ kind: 'sequence', parts: [only, ...others] });
  }

  /** Any of them. */
  choice(...parts: GrammarNode[]): GrammarNode {
    const [only, ...others] = new Set(parts.filter((part) => part !== this.never));
    if (!only) return this.never;
    return others.length === 0 ? only : this.#add({ kind: 'choice', parts: [only, ...others] });
  }

  /** Between `least` and `most` of them, both included. */
  repeat(part: GrammarNode, least = 0, most = Infinity): GrammarNode {
    if (least > most) return this.never;
    if (most === 0) return this.empty;
    if (part === this.never) return least > 0 ? this.never : this.empty;
    // What remains of a repetition is one itself, made as it is reached.
    const key = `${part.id} ${least} ${most}`;
    const known = this.#repeats.get(key) ?? this.#add({ kind: 'repeat', part, least, most });
    this.#repeats.set(key, known);
    return known;
  }

  /** Maybe. */
  optional(part: GrammarNode): GrammarNode {
    return this.choice(part, this.empty);
  }

  /** A place for a node that is made later: recursion. */
  later(): GrammarNode & { kind: 'later' } {
    return this.#add({ kind: 'later', target: undefined }) as GrammarNode & { kind: 'later' };
  }

  #byte(byte: number): GrammarNode {
    const known = this.#single.get(byte) ?? this.bytes([byte, byte]);
    this.#single.set(byte, known);
    return known;
  }

  #add(node: Unnumbered<GrammarNode>): GrammarNode {
    // Repetitions are made while an automaton runs, too.
    if (this.#numNodes >= maxNodes && node.kind !== 'repeat') throw new GrammarTooLarge('it is too large');
    return { ...node, id: this.#numNodes++ };
  }
}

/** The nodes below `root` that some text satisfies: a recursion that never ends has none. */
export function satisfiable(root: GrammarNode): ReadonlySet<GrammarNode> {
  const all = new Set<GrammarNode>([root]);
  // A set is walked in the order in which it grows.
  for (const node of all) for (const part of partsOf(node)) all.add(part);
  const good = new Set<GrammarNode>();
  const ordered = [...all].reverse();
  for (let before = -1; before !== good.size;) {
    before = good.size;
    for (const node of ordered) if (isGood(node, good)) good.add(node);
  }
  return good;
}

function isGood(node: GrammarNode, good: ReadonlySet<GrammarNode>): boolean {
  if (node.kind === 'choice') return node.parts.some((part) => good.has(part));
  if (node.kind === 'repeat' && node.least === 0) return true;
  return partsOf(node).every((part) => good.has(part));
}

function partsOf(node: GrammarNode): readonly GrammarNode[] {
  switch (node.kind) {
    case 'bytes':
      return [];
    case 'sequence':
    case 'choice':
      return node.parts;
    case 'repeat':
      return [node.part];
    case 'later':
      assert(node.target, 'a grammar is whole before it is used');
      return [node.target];
  }
}
