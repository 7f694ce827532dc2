/** Finds given words in a text, the longest at each place, from left to right: a tree of their characters. Pure. */

interface Node {
  readonly next: Map<string, Node>;
  /** Whether a word ends here. */
  isEnd: boolean;
}

/** A part of a text: one of the words, or what stands between them. */
interface TextPart {
  readonly text: string;
  readonly isWord: boolean;
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

  /**
   * The text in parts, none of them empty.
   * @param counts whether a word counts where it was found; what is none there is not searched again
   */
  split(text: string, counts: (word: string, start: number) => boolean = () => true): TextPart[] {
    const parts: TextPart[] = [];
    let end = 0;
    for (let at = 0; at < text.length;) {
      const length = this.#lengthAt(text, at);
      const word = text.slice(at, at + length);
      if (length > 0 && counts(word, at)) {
        if (at > end) parts.push({ text: text.slice(end, at), isWord: false });
        parts.push({ text: word, isWord: true });
        end = at + length;
      }
      at += Math.max(1, length);
    }
    if (end < text.length) parts.push({ text: text.slice(end), isWord: false });
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
