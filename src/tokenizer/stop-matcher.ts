/** Finds stop strings in streamed text, wherever the pieces of the stream are cut. Knows no tokens. */
import { assert } from '../util/assert';

/** What one piece of text settled. */
interface StopMatch {
  /** Text that can be shown: it is before any stop string, and no stop string can begin in it. */
  text: string;
  /** A stop string is complete: `text` is the last of the answer. */
  isStopped: boolean;
}

/** A prefix of one or more stop strings. */
interface Node {
  /** Node of this prefix and one more UTF-16 unit. */
  next: Map<number, Node>;
  /** Node of the longest proper suffix that is a prefix too; only the root has none. */
  suffix: Node | undefined;
  /** Some stop string that begins with this prefix, and the prefix's length in UTF-16 units. */
  stop: string;
  length: number;
  /** Length of the longest stop string that this prefix ends with; 0 where there is none. */
  matchLength: number;
}

/**
 * Aho and Corasick's automaton over all stop strings ("Efficient string matching", CACM 18, 1975): time linear in the text,
 * whatever the stop strings. The text held back is exactly what could still begin a stop string. The stop string that is
 * complete first wins; of several complete at the same place, the longest.
 */
export class StopMatcher {
  private node: Node;
  private isStopped = false;

  /** @param stops Stop strings, none of them empty. */
  constructor(stops: readonly string[]) {
    this.node = buildAutomaton(stops);
  }

  /** Takes the next piece of text; after a stop, every further piece is dropped. */
  push(text: string): StopMatch {
    if (this.isStopped) return { text: '', isStopped: true };
    const before = this.node;
    for (let i = 0; i < text.length; i++) {
      this.node = step(this.node, text.charCodeAt(i));
      if (this.node.matchLength > 0) {
        this.isStopped = true;
        const length = before.length + i + 1 - this.node.matchLength;
        return { text: joinedPrefix(before, text, length), isStopped: true };
      }
    }
    return {
      text: joinedPrefix(before, text, before.length + text.length - this.node.length),
      isStopped: false,
    };
  }

  /** Ends the stream: returns the text held back, which no stop string can complete any more. */
  flush(): string {
    if (this.isStopped) return '';
    this.isStopped = true;
    return this.node.stop.slice(0, this.node.length);
  }
}

/** The first `length` units of the text held at `node` followed by `text`. The held text is the node's own prefix. */
function joinedPrefix(node: Node, text: string, length: number): string {
  if (length <= node.length) return node.stop.slice(0, length);
  return node.stop.slice(0, node.length) + text.slice(0, length - node.length);
}

function step(from: Node, unit: number): Node {
  for (let node = from; ;) {
    const next = node.next.get(unit);
    if (next) return next;
    if (!node.suffix) return node;
    node = node.suffix;
  }
}

function buildAutomaton(stops: readonly string[]): Node {
  const root: Node = { next: new Map(), suffix: undefined, stop: '', length: 0, matchLength: 0 };
  for (const stop of stops) {
    assert(stop.length > 0, 'a stop string is not empty');
    let node = root;
    for (let i = 0; i < stop.length; i++) {
      let next = node.next.get(stop.charCodeAt(i));
      if (!next) {
        next = { next: new Map(), suffix: root, stop, length: i + 1, matchLength: 0 };
        node.next.set(stop.charCodeAt(i), next);
      }
      node = next;
    }
    node.matchLength = stop.length;
  }
  // Shorter prefixes first: a suffix is shorter than its prefix, so it is ready when it is needed.
  const queue = [...root.next.values()];
  for (const node of queue) {
    for (const [unit, next] of node.next) {
      next.suffix = step(node.suffix ?? root, unit);
      next.matchLength = Math.max(next.matchLength, next.suffix.matchLength);
      queue.push(next);
    }
  }
  return root;
}
