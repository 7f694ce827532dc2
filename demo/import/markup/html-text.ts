/** The text of an HTML or XHTML document, paragraph by paragraph: headings, numbered items, tables, formulas, and what was typed. */
import { placeMark } from '../document';
import { itemMarker } from '../text/numbering';
import { lowered, raised } from '../text/raised';
import { nestedTableText, tableText, type TableCell } from '../text/table-text';
import { TextWriter } from '../text/text-writer';
import { controlText } from './control-text';
import { declarationsOf, judgeStyle, type Ground, type StyleRules } from './hidden';
import { mathText } from './math-text';
import {
  elementsNamed,
  isElement,
  isText,
  localName,
  textOf,
  walk,
  type AnyNode,
  type Document,
  type Element,
} from './tree';

const namesOf = (names: string) => new Set(names.split(' '));

/** Elements whose content is no text to read. */
const skipped = namesOf(
  'annotation annotation-xml audio button canvas datalist dialog embed head iframe link map meta nav noembed noframes ' +
    'noscript object rp rt script style template title video',
);

/** Elements that stand apart from what is around them by an empty line. */
const paragraphs = namesOf(
  'address article aside blockquote body details div dl fieldset figcaption figure footer form h1 h2 h3 h4 h5 h6 header ' +
    'hgroup hr main menu ol p pre search section summary table ul',
);

/** Elements that begin a line of their own. */
const lines = namesOf('br caption dd dt li legend option');

/** Elements of drawings whose text is seen or told to who does not see. */
const drawingTexts = namesOf('title text desc foreignObject foreignobject');

/** Bars between the cells of a table would say nothing of such a text: a page whose layout is a table. */
const layoutCellChars = 2000;

/** A list that is open. */
interface OpenList {
  readonly type: string | undefined;
  readonly isOrdered: boolean;
  readonly step: 1 | -1;
  next: number;
}

/** Tables within tables from which on they are read as plain text: each one copies what is in it. */
const mostTables = 12;

/** A table that is open, with what is written of it. */
interface OpenTable {
  readonly element: Element;
  readonly rows: TableCell[][];
  readonly outer: TextWriter;
  cell: { readonly element: Element; readonly writer: TextWriter } | undefined;
}

/** What was found on the way. */
export interface HtmlText {
  readonly text: string;
  /** Headings, in order of their marks. */
  readonly labels: readonly string[];
  /** Passages that are declared to be unseen, and were left out. */
  readonly numHidden: number;
  /** Formulas and pictures that have no text. */
  readonly numPictures: number;
}

/** Text under `root`; `rules` are those of the page's own style sheets. */
export function htmlText(root: Document | Element, rules: StyleRules = new Map()): HtmlText {
  const reader = new HtmlReader(rules);
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
  readonly #tables: OpenTable[] = [];
  readonly #grounds: { readonly element: Element; readonly ground: Ground }[] = [];
  readonly #labels: string[] = [];
  #preformatted: Element | undefined;
  #numHidden = 0;
  #numPictures = 0;

  constructor(rules: StyleRules) {
    this.#rules = rules;
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
    if (isText(node)) {
      if (this.#preformatted) this.#writer.writeVerbatim(node.data);
      else this.#writer.write(node.data);
      return false;
    }
    if (!isElement(node)) return 'children' in node;
    const name = node.name.toLowerCase();
    if (skipped.has(name) || this.#isHidden(node)) return false;
    if (paragraphs.has(name)) this.#writer.break(2);
    else if (lines.has(name) && name !== 'br') this.#writer.break(1);
    return this.#enterElement(node, name);
  }

  /** @returns whether what is in it is still to be read */
  #enterElement(element: Element, name: string): boolean {
    const writer = this.#writer;
    switch (name) {
      case 'br':
        writer.newLine();
        return false;
      case 'hr':
        writer.writeVerbatim('* * *');
        writer.break(2);
        return false;
      case 'pre':
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
        this.#lists.push(openList(element, name === 'ol'));
        return true;
      case 'li':
        writer.writeMark(`${this.#nextMarker(element)} `);
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
        if (this.#tables.length < mostTables)
          this.#tables.push({ element, rows: [], outer: writer, cell: undefined });
        return true;
      case 'tr':
        this.#enterRow();
        return true;
      case 'td':
      case 'th':
        this.#enterCell(element);
        return true;
      default:
        return true;
    }
  }

  leave(node: AnyNode): void {
    if (!isElement(node)) return;
    const name = node.name.toLowerCase();
    if (this.#grounds.at(-1)?.element === node) this.#grounds.pop();
    if (node === this.#preformatted) this.#preformatted = undefined;
    if (name === 'td' || name === 'th') this.#leaveCell(node);
    if (name === 'table') this.#leaveTable(node);
    if (name === 'ol' || name === 'ul' || name === 'menu') this.#lists.pop();
    if (name === 'li') this.#writer.endItem();
    if (paragraphs.has(name)) this.#writer.break(2);
    else if (name !== 'br' && lines.has(name)) this.#writer.break(1);
  }

  #isHidden(element: Element): boolean {
    const { attribs } = element;
    const around = this.#grounds.at(-1)?.ground ?? { isColored: 'bgcolor' in attribs };
    const { isHidden, ground } = judgeStyle(declarationsOf(element, this.#rules), around);
    if (isHidden || 'hidden' in attribs) {
      if (/[\p{L}\p{N}]{2}/u.test(textOf(element))) this.#numHidden++;
      return true;
    }
    // What is hidden from screen readers alone is seen, but where it only draws the formula before it.
    if (attribs['aria-hidden'] === 'true' && isDrawnFormula(element)) return true;
    if (ground !== around || 'bgcolor' in attribs)
      this.#grounds.push({ element, ground: { isColored: ground.isColored || 'bgcolor' in attribs } });
    return false;
  }

  #enterHeading(element: Element): void {
    const label =
      textOf(element).replace(/\s+/g, ' ').trim() || (elementsNamed(element, 'img')[0]?.attribs.alt ?? '');
    if (label === '') return;
    this.#labels.push(label);
    this.#writer.markPlace();
  }

  #nextMarker(item: Element): string {
    const list = this.#lists.at(-1);
    if (!list?.isOrdered) return '-';
    const own = Number.parseInt(item.attribs.value ?? '', 10);
    if (Number.isInteger(own)) list.next = own;
    const marker = itemMarker(list.next, item.attribs.type ?? list.type);
    list.next += list.step;
    return marker;
  }

  /** A single formula or note mark is written at once; a raised passage with elements of its own stays a passage. */
  #enterRaised(element: Element, name: 'sup' | 'sub'): boolean {
    const text = textOf(element).replace(/\s+/g, ' ').trim();
    if (text === '' || text.length > 40) return true;
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
    if (texts.length === 0) this.#numPictures++;
    for (const text of texts) {
      this.#writer.break(1);
      this.#writer.write(text);
    }
    this.#writer.break(1);
  }

  #enterRow(): void {
    const table = this.#tables.at(-1);
    if (table && !table.cell) table.rows.push([]);
    else this.#writer.break(1);
  }

  #enterCell(element: Element): void {
    const table = this.#tables.at(-1);
    if (!table || table.cell) return;
    if (table.rows.length === 0) table.rows.push([]);
    this.#writer = new TextWriter();
    table.cell = { element, writer: this.#writer };
  }

  #leaveCell(element: Element): void {
    const table = this.#tables.at(-1);
    if (!table || table.cell?.element !== element) return;
    const [columnSpan, rowSpan] = [spanOf(element.attribs.colspan), spanOf(element.attribs.rowspan)];
    table.rows.at(-1)!.push({ text: table.cell.writer.toString(), columnSpan, rowSpan });
    table.cell = undefined;
    this.#writer = table.outer;
  }

  #leaveTable(element: Element): void {
    const table = this.#tables.at(-1);
    if (table?.element !== element) return;
    this.#tables.pop();
    this.#writer = table.outer;
    const rows = table.rows.filter((row) => row.length > 0);
    const isLayout =
      rows.every((row) => row.length === 1) ||
      rows.some((row) => row.some(({ text }) => text.length > layoutCellChars || text.includes(placeMark)));
    const isNested = this.#tables.some(({ cell }) => cell !== undefined);
    this.#writer.break(2);
    if (isLayout) {
      for (const { text } of rows.flat()) {
        this.#writer.break(isNested ? 1 : 2);
        this.#writer.writeWritten(text);
      }
    } else this.#writer.writeWritten(isNested ? nestedTableText(rows) : tableText(rows));
    this.#writer.break(2);
  }
}

function isDrawnFormula({ prev }: Element): boolean {
  return prev !== null && isElement(prev) && (prev.name === 'math' || elementsNamed(prev, 'math').length > 0);
}

function spanOf(value: string | undefined): number {
  const span = Number.parseInt(value ?? '1', 10);
  return Number.isInteger(span) && span >= 0 ? span : 1;
}

function openList({ attribs, children }: Element, isOrdered: boolean): OpenList {
  const isReversed = 'reversed' in attribs;
  const start = Number.parseInt(attribs.start ?? '', 10);
  const numItems = children.filter((child) => isElement(child) && child.name === 'li').length;
  const first = Number.isInteger(start) ? start : isReversed ? numItems : 1;
  return { type: attribs.type, isOrdered, step: isReversed ? -1 : 1, next: first };
}
