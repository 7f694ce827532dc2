/** The text of an HTML or XHTML document, paragraph by paragraph: headings, numbered items, tables, formulas, and what was typed. */
import { lowered, raised, stacked } from '../text/raised';
import { TextWriter } from '../text/text-writer';
import { controlText } from './control-text';
import { isSeen, judgeStyle, mayShow, whitePage, withAttributes, type Ground } from './hidden';
import { nextMarker, openList, type OpenList } from './html-lists';
import { HtmlTables } from './html-tables';
import { mathText } from './math-text';
import { apart, lines, paragraphs, shownName, skipped } from './shown-as';
import { StyleRules } from './style-rules';
import {
  bodyOf,
  elementsNamed,
  isElement,
  isText,
  localName,
  parseHtml,
  textOf,
  walk,
  type AnyNode,
  type Document,
  type Element,
} from './tree';

/** Elements of drawings whose text is seen or told to who does not see. */
const drawingTexts = new Set(['title', 'text', 'desc', 'foreignObject', 'foreignobject']);

/** Elements whose buttons are headings that open what is under them. */
const buttonHolders = new Set('h1 h2 h3 h4 h5 h6 summary dt td th'.split(' '));

/** Pages within pages that are spelled out in attributes. */
const mostFrames = 3;

/** Elements that are not read further where letters are unseen. */
const unseenLeaves = new Set(
  'area br button dialog hr img input math rt select svg template textarea'.split(' '),
);

/** Words that are seen as no longer true. */
const struck = new Set(['del', 's', 'strike']);

/** What was found on the way. */
interface HtmlText {
  readonly text: string;
  /** Headings, in order of their marks. */
  readonly labels: readonly string[];
  /** Passages that are declared to be unseen, and were left out. */
  readonly numHidden: number;
  /** Formulas and pictures that have no text. */
  readonly numPictures: number;
}

/** What else is known of a page. */
interface HtmlOptions {
  /** Sources of the pages in its frames, where they came with it. */
  readonly frameSource?: (frame: Element) => string | undefined;
  /** How many pages this one is in. */
  readonly depth?: number;
}

/** Text under `root`; `rules` are those of the page's own style sheets. */
export function htmlText(
  root: Document | Element,
  rules: StyleRules = new StyleRules(),
  options: HtmlOptions = {},
): HtmlText {
  const reader = new HtmlReader(rules, options);
  walk(
    root,
    (node) => reader.enter(node),
    (node) => reader.leave(node),
  );
  return reader.result();
}

class HtmlReader {
  #writer = new TextWriter();
  readonly #rules: StyleRules;
  readonly #lists: OpenList[] = [];
  readonly #tables = new HtmlTables();
  readonly #options: HtmlOptions;
  /** Elements that are shown as others, while they are open. */
  readonly #shownAs = new Map<Element, string>();
  /** Nodes that are written already. */
  readonly #written = new Set<AnyNode>();
  readonly #grounds: { readonly element: Element; readonly ground: Ground }[] = [];
  readonly #labels: string[] = [];
  #preformatted: Element | undefined;
  #numHidden = 0;
  #numPictures = 0;

  constructor(rules: StyleRules, options: HtmlOptions) {
    this.#rules = rules;
    this.#options = options;
  }

  result(): HtmlText {
    return {
      text: this.#writer.toString(),
      labels: this.#labels,
      numHidden: this.#numHidden,
      numPictures: this.#numPictures,
    };
  }

  enter(node: AnyNode): boolean {
    if (this.#written.has(node)) return false;
    if (isText(node)) {
      if (!this.#isSeen) {
        if (hasWords(node.data)) this.#numHidden++;
        return false;
      }
      if (this.#preformatted) this.#writer.writeVerbatim(node.data);
      else this.#writer.write(node.data);
      return false;
    }
    if (!isElement(node)) return 'children' in node;
    const declarations = this.#rules.declarationsOf(node);
    const name = shownName(node, declarations);
    if (name === 'iframe') this.#writeFrame(node);
    if (skipped.has(name) || this.#isHidden(node, declarations)) return false;
    if (name !== node.name) this.#shownAs.set(node, name);
    if (paragraphs.has(name)) this.#writer.break(2);
    else if (lines.has(name) && name !== 'br') this.#writer.break(1);
    else if (apart.has(name)) this.#writer.write(' ');
    if (this.#isSeen) return this.#enterElement(node, name, declarations);
    return this.#enterUnseen(node, name);
  }

  get #ground(): Ground {
    return this.#grounds.at(-1)?.ground ?? whitePage;
  }

  /** Whether letters that come next are seen. */
  get #isSeen(): boolean {
    return isSeen(this.#ground);
  }

  /** Something in it is seen again: what holds it is kept, without letters of its own. */
  #enterUnseen(element: Element, name: string): boolean {
    if (name === 'table') this.#tables.begin(element, this.#writer);
    if (name === 'tr') this.#tables.beginRow(element, this.#writer);
    if (name === 'td' || name === 'th') this.#writer = this.#tables.beginCell(element, this.#writer);
    if (name === 'ol' || name === 'ul' || name === 'menu')
      this.#lists.push(openList(element, name === 'ol', ''));
    const isPicture = name === 'img' && !this.#ground.isInvisible;
    if (isPicture) this.#writePicture(element.attribs.alt);
    return !unseenLeaves.has(name);
  }

  /** @returns whether what is in it is still to be read */
  #enterElement(element: Element, name: string, declarations: string): boolean {
    const writer = this.#writer;
    switch (name) {
      case 'br':
        writer.newLine();
        return false;
      case 'hr':
        writer.writeVerbatim('* * *');
        writer.break(2);
        return false;
      case 'template':
        // What a component of the page shows is in one.
        return 'shadowrootmode' in element.attribs;
      case 'dialog':
        return 'open' in element.attribs;
      case 'button':
        return isHeadingButton(element);
      case 'q':
        writer.write('“');
        return true;
      case 'del':
      case 's':
      case 'strike':
        writer.write('[struck out: ');
        return true;
      case 'rt':
        writer.write(`(${textOf(element).trim()})`);
        return false;
      case 'pre':
      case 'listing':
      case 'xmp':
        this.#preformatted ??= element;
        return true;
      case 'h1':
      case 'h2':
      case 'h3':
      case 'h4':
      case 'h5':
      case 'h6':
        this.#enterHeading(element);
        return true;
      case 'ol':
      case 'ul':
      case 'menu':
        this.#lists.push(openList(element, name === 'ol', declarations));
        return true;
      case 'li':
        this.#enterItem(element, declarations);
        return true;
      case 'sup':
      case 'sub':
        return this.#enterRaised(element, name);
      case 'a':
        return this.#enterLink(element);
      case 'math':
        writer.writeApart(mathText(element));
        return false;
      case 'img':
      case 'area':
        this.#writePicture(element.attribs.alt);
        return false;
      case 'svg':
        this.#writeDrawing(element);
        return false;
      case 'input':
      case 'textarea':
      case 'select':
        writer.write(controlText(element, name));
        return false;
      case 'table':
        this.#tables.begin(element, writer);
        return true;
      case 'tr':
        this.#tables.beginRow(element, writer);
        return true;
      case 'td':
      case 'th':
        this.#writer = this.#tables.beginCell(element, writer);
        return true;
      default:
        if (element.attribs.role !== 'img' || !element.attribs['aria-label']) return true;
        this.#writePicture(element.attribs['aria-label']);
        return false;
    }
  }

  leave(node: AnyNode): void {
    if (!isElement(node)) return;
    const name = this.#shownAs.get(node) ?? node.name.toLowerCase();
    this.#shownAs.delete(node);
    const wasSeen = this.#isSeen;
    if (this.#grounds.at(-1)?.element === node) this.#grounds.pop();
    if (node === this.#preformatted) this.#preformatted = undefined;
    if (name === 'q' && wasSeen) this.#writer.write('”');
    if (struck.has(name) && wasSeen) this.#writer.write(']');
    if (name === 'td' || name === 'th') this.#writer = this.#tables.endCell(node, this.#writer);
    if (name === 'table') this.#writer = this.#tables.end(node, this.#writer);
    if (name === 'ol' || name === 'ul' || name === 'menu') this.#lists.pop();
    if (name === 'li' && wasSeen) this.#writer.endItem();
    if (paragraphs.has(name)) this.#writer.break(2);
    else if (name !== 'br' && lines.has(name)) this.#writer.break(1);
    else if (apart.has(name)) this.#writer.write(' ');
  }

  #isHidden(element: Element, declarations: string): boolean {
    const { attribs } = element;
    const around = this.#ground;
    const { isHidden, ground } = judgeStyle(withAttributes(element, declarations), around);
    if (!isNote(element)) {
      const isOff = isHidden || 'hidden' in attribs;
      const isUnseen = isSeen(around) && !isSeen(ground);
      if (isOff || (isUnseen && !this.#showsWithin(element))) {
        if (hasWords(textOf(element))) this.#numHidden++;
        return true;
      }
    }
    // What is hidden from screen readers alone is seen, but where it only draws the formula before it.
    if (attribs['aria-hidden'] === 'true' && isDrawnFormula(element)) return true;
    if (ground !== around && !isNote(element)) this.#grounds.push({ element, ground });
    return false;
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

  #enterHeading(element: Element): void {
    if (this.#tables.isInData) return;
    const label =
      textOf(element).replace(/\s+/g, ' ').trim() || (elementsNamed(element, 'img')[0]?.attribs.alt ?? '');
    if (label === '') return;
    this.#labels.push(label);
    this.#writer.markPlace();
  }

  #enterItem(item: Element, declarations: string): void {
    const marker = nextMarker(this.#lists.at(-1), item, declarations);
    if (marker !== '') this.#writer.writeMark(marker);
  }

  /** A page that stands in this one. */
  #writeFrame(frame: Element): void {
    const { depth = 0, frameSource } = this.#options;
    const source = frame.attribs.srcdoc ?? frameSource?.(frame);
    if (source === undefined || depth >= mostFrames) return;
    const page = parseHtml(source);
    const { text, labels, numHidden } = htmlText(bodyOf(page), StyleRules.of(page), {
      ...this.#options,
      depth: depth + 1,
    });
    if (text === '') return;
    this.#writer.break(2);
    this.#writer.writeWritten(text);
    this.#writer.break(2);
    this.#labels.push(...labels);
    this.#numHidden += numHidden;
  }

  /** A single formula or note mark is written at once; a raised passage with elements of its own stays a passage. */
  #enterRaised(element: Element, name: 'sup' | 'sub'): boolean {
    const text = textOf(element).replace(/\s+/g, ' ').trim();
    if (text === '' || text.length > 40) return true;
    const under = name === 'sup' ? denominatorOf(element) : undefined;
    if (under) {
      this.#written.add(element.next!).add(under);
      this.#writer.writeApart(stacked(text, textOf(under)));
      return false;
    }
    const isNote =
      elementsNamed(element, 'a').length > 0 ||
      (element.parent !== null && isElement(element.parent) && element.parent.name === 'a');
    const before = this.#writer.lastWord || this.#writer.lastCharacter;
    this.#writer.write(name === 'sup' ? raised(text, before, isNote) : lowered(text, before));
    return false;
  }

  /** A figure that is a link right behind a word leads to a note. */
  #enterLink(element: Element): boolean {
    const { href = '' } = element.attribs;
    const before = this.#writer.lastCharacter;
    if (!href.includes('#') || !/[\p{L}\p{N}\p{P}]/u.test(before) || /[[(]/.test(before)) return true;
    const text = textOf(element).trim();
    if (!/^(?:\d{1,3}|[*†‡§])$/.test(text)) return true;
    this.#writer.write(`[${text}]`);
    return false;
  }

  #writePicture(description: string | undefined): void {
    const text = description?.trim() ?? '';
    if (/[\p{L}\p{N}]/u.test(text)) this.#writer.write(` [Picture: ${text}] `);
    else this.#numPictures++;
  }

  /** The words of a drawing, each text element on a line. */
  #writeDrawing(svg: Element): void {
    const texts: string[] = [];
    walk(svg, (node) => {
      if (!isElement(node) || !drawingTexts.has(localName(node))) return true;
      const text = textOf(node).replace(/\s+/g, ' ').trim();
      if (text !== '') texts.push(text);
      return false;
    });
    if (texts.length === 0) this.#writePicture(svg.attribs['aria-label']);
    for (const text of texts) {
      this.#writer.break(1);
      this.#writer.write(text);
    }
    this.#writer.break(1);
  }
}

const hasWords = (text: string) => /[\p{L}\p{N}]{2}/u.test(text);

function isDrawnFormula({ prev }: Element): boolean {
  return prev !== null && isElement(prev) && (prev.name === 'math' || elementsNamed(prev, 'math').length > 0);
}

/** Headings of parts that open are buttons; others do something in a page that is gone. */
function isHeadingButton(button: Element): boolean {
  for (let node = button.parent; node && isElement(node); node = node.parent)
    if (buttonHolders.has(node.name)) return true;
  return false;
}

/** Notes of books are hidden until their mark is touched. */
const isNote = ({ attribs }: Element) =>
  /\b(?:footnote|endnote|rearnote|note)s?\b/.test(attribs['epub:type'] ?? '') ||
  /^doc-(?:foot|end)notes?$/.test(attribs.role ?? '');

/** What stands under the line of a fraction that is written as `<sup>1</sup>/<sub>2</sub>`. */
function denominatorOf({ next }: Element): Element | undefined {
  const under = next && isText(next) && /^\s*[/⁄]\s*$/.test(next.data) ? next.next : undefined;
  return under && isElement(under) && under.name === 'sub' ? under : undefined;
}
