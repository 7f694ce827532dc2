/** The text of an HTML or XHTML document, paragraph by paragraph: headings, numbered items, tables, formulas, and what was typed. */
import { lowered, raised, stacked } from '../text/raised';
import { TextWriter } from '../text/text-writer';
import { controlText } from './control-text';
import { denominatorOf, isHeadingButton, noteMarkOf, wordsOfDrawing } from './html-inline';
import { nextMarker, openList, type OpenList } from './html-lists';
import { HtmlTables } from './html-tables';
import { mathText } from './math-text';
import { apart, lines, paragraphs, shownName, skipped, struck, unseenLeaves } from './shown-as';
import { Sight } from './sight';
import { StyleRules } from './style-rules';
import {
  bodyOf,
  elementsNamed,
  isElement,
  isText,
  parseHtml,
  textOf,
  walk,
  type AnyNode,
  type Document,
  type Element,
} from './tree';

/** Pages within pages that are spelled out in attributes. */
const mostFrames = 3;

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
  readonly #sight: Sight;
  readonly #labels: string[] = [];
  #preformatted: Element | undefined;
  #numPictures = 0;

  constructor(rules: StyleRules, options: HtmlOptions) {
    this.#rules = rules;
    this.#sight = new Sight(rules);
    this.#options = options;
  }

  result(): HtmlText {
    return {
      text: this.#writer.toString(),
      labels: this.#labels,
      numHidden: this.#sight.numHidden,
      numPictures: this.#numPictures,
    };
  }

  enter(node: AnyNode): boolean {
    if (this.#written.has(node)) return false;
    if (isText(node)) {
      if (!this.#sight.seesText(node.data)) return false;
      if (this.#preformatted) this.#writer.writeVerbatim(node.data);
      else this.#writer.write(node.data);
      return false;
    }
    if (!isElement(node)) return 'children' in node;
    const declarations = this.#rules.declarationsOf(node);
    const name = shownName(node, declarations);
    if (name === 'iframe') this.#writeFrame(node);
    if (skipped.has(name) || !this.#sight.enter(node, declarations)) return false;
    if (name !== node.name) this.#shownAs.set(node, name);
    if (paragraphs.has(name)) this.#writer.break(2);
    else if (lines.has(name) && name !== 'br') this.#writer.break(1);
    else if (apart.has(name)) this.#writer.write(' ');
    if (this.#sight.isClear) return this.#enterElement(node, name, declarations);
    return this.#enterUnseen(node, name);
  }

  /** Something in it is seen again: what holds it is kept, without letters of its own. */
  #enterUnseen(element: Element, name: string): boolean {
    if (name === 'table') this.#tables.begin(element, this.#writer);
    if (name === 'tr') this.#tables.beginRow(element, this.#writer);
    if (name === 'td' || name === 'th') this.#writer = this.#tables.beginCell(element, this.#writer);
    if (name === 'ol' || name === 'ul' || name === 'menu')
      this.#lists.push(openList(element, name === 'ol', ''));
    const isPicture = name === 'img' && this.#sight.showsPictures;
    if (isPicture) this.#writePicture(element.attribs.alt);
    return !unseenLeaves.has(name);
  }

  /** @returns whether what is in it is still to be read */
  #enterElement(element: Element, name: string, declarations: string): boolean {
    const writer = this.#writer;
    if (/^h[1-6]$/.test(name)) this.#enterHeading(element);
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
    const wasSeen = this.#sight.isClear;
    this.#sight.leave(node);
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
    this.#sight.numHidden += numHidden;
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

  #enterLink(element: Element): boolean {
    const mark = noteMarkOf(element, this.#writer.lastCharacter);
    if (mark === undefined) return true;
    this.#writer.write(mark);
    return false;
  }

  #writePicture(description: string | undefined): void {
    const text = description?.trim() ?? '';
    if (/[\p{L}\p{N}]/u.test(text)) this.#writer.write(` [Picture: ${text}] `);
    else this.#numPictures++;
  }

  /** The words of a drawing, each text element on a line. */
  #writeDrawing(svg: Element): void {
    const texts = wordsOfDrawing(svg);
    if (texts.length === 0) this.#writePicture(svg.attribs['aria-label']);
    for (const text of texts) {
      this.#writer.break(1);
      this.#writer.write(text);
    }
    this.#writer.break(1);
  }
}
