/** Finds given words in a text, the longest at each place, from left to right: a tree of their characters. Pure. */

interface Node {
  readonly next: Map<string, Node>;
  /** Whether a word ends here. */
  isEnd: boolean;
}

/** Cuts texts at the words that it was given. */
export class WordFinder {
  readonly #root: Node = { next: new Map(), isEnd: false };

  constructor(words: Iterable<string>) {
    for (const word of words) {
      let node = this.#root;
      for (const unit of word.split('')) {
        let next = node.next.get(unit);
        if (!next) node.next.set(unit, (next = { next: new Map(), isEnd: false }));
        node = next;
      }
      node.isEnd = true;
    }
  }

  /** The text in parts: words, and what stands between them. No part is empty. */
  split(text: string): string[] {
    const parts: string[] = [];
    let end = 0;
    for (let at = 0; at < text.length;) {
      const length = this.#lengthAt(text, at);
      if (length === 0) {
        at++;
        continue;
      }
      if (at > end) parts.push(text.slice(end, at));
      parts.push(text.slice(at, (end = at + length)));
      at = end;
    }
    if (end < text.length) parts.push(text.slice(end));
    return parts;
  }

  #lengthAt(text: string, start: number): number {
    let longest = 0;
    let node: Node | undefined = this.#root;
    for (let at = start; at < text.length; at++) {
      node = node.next.get(text[at]!);
      if (!node) break;
      if (node.isEnd) longest = at + 1 - start;
    }
    return longest;
  }
}
