/** What of a page is seen, element by element as it is read, and how many passages are not. Pure. */
import { isSeen, judgeStyle, mayShow, whitePage, withAttributes, type Ground } from './hidden';
import type { StyleRules } from './style-rules';
import { elementsNamed, isElement, textOf, walk, type Element } from './tree';

/** See the file's header. */
export class Sight {
  /** Passages that were left out. */
  numHidden = 0;
  readonly #rules: StyleRules;
  readonly #grounds: { readonly element: Element; readonly ground: Ground }[] = [];

  constructor(rules: StyleRules) {
    this.#rules = rules;
  }

  get #ground(): Ground {
    return this.#grounds.at(-1)?.ground ?? whitePage;
  }

  /** Whether letters that come next are seen. */
  get isClear(): boolean {
    return isSeen(this.#ground);
  }

  /** Whether pictures are: no size and no colour of letters hides them. */
  get showsPictures(): boolean {
    return !this.#ground.isInvisible;
  }

  /** Whether a text that comes next is seen; one that is not is counted. */
  seesText(text: string): boolean {
    if (this.isClear) return true;
    if (hasWords(text)) this.numHidden++;
    return false;
  }

  /** @returns whether anything in an element may be seen; one of which nothing is is counted */
  enter(element: Element, declarations: string): boolean {
    const { attribs } = element;
    const around = this.#ground;
    const { isHidden, ground } = judgeStyle(withAttributes(element, declarations), around);
    if (!isNote(element)) {
      const isOff = isHidden || 'hidden' in attribs;
      const isUnseen = isSeen(around) && !isSeen(ground);
      if (isOff || (isUnseen && !this.#showsWithin(element))) {
        if (hasWords(textOf(element))) this.numHidden++;
        return false;
      }
      if (ground !== around) this.#grounds.push({ element, ground });
    }
    // What is hidden from screen readers alone is seen, but where it only draws the formula before it.
    if (attribs['aria-hidden'] !== 'true' || !isDrawnFormula(element)) return true;
    this.leave(element);
    return false;
  }

  leave(element: Element): void {
    if (this.#grounds.at(-1)?.element === element) this.#grounds.pop();
  }

  /** Whether something in an element may be seen although its own letters are not. */
  #showsWithin(element: Element): boolean {
    let isShown = false;
    walk(element, (node) => {
      if (isShown || !isElement(node)) return false;
      isShown = node !== element && mayShow(withAttributes(node, this.#rules.declarationsOf(node)));
      return true;
    });
    return isShown;
  }
}

const hasWords = (text: string) => /[\p{L}\p{N}]{2}/u.test(text);

function isDrawnFormula({ prev }: Element): boolean {
  return prev !== null && isElement(prev) && (prev.name === 'math' || elementsNamed(prev, 'math').length > 0);
}

/** Notes of books are hidden until their mark is touched. */
const isNote = ({ attribs }: Element) =>
  /\b(?:footnote|endnote|rearnote|note)s?\b/.test(attribs['epub:type'] ?? '') ||
  /^doc-(?:foot|end)notes?$/.test(attribs.role ?? '');
