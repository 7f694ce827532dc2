/** Text of OpenDocument files as trees have it: numbered paragraphs, tables, notes, comments, formulas and descriptions. */
import { mathText } from '../markup/math-text';
import {
  attributeOf,
  elementsNamed,
  elementsOf,
  isElement,
  isText,
  localName,
  textOf,
  walk,
  type Element,
} from '../markup/tree';
import { lowered, raised } from '../text/raised';
import { nestedTableText, tableText, type TableCell } from '../text/table-text';
import { TextWriter } from '../text/text-writer';
import { OdfCounter, type OdfStyles } from './odf-styles';

/** What all parts of a document share while they are read. */
export interface OdfContext {
  readonly styles: OdfStyles;
  readonly outline: OdfCounter;
  /** Headings, in order of their marks. */
  readonly labels: string[];
  /** Foot- and endnotes with their numbers, as they come. */
  readonly notes: string[];
  readonly comments: string[];
  readonly counts: { numHidden: number; numDeleted: number };
  /** Formulas and charts by where they are kept. */
  readonly objects: ReadonlyMap<string, string>;
  /** Fields of forms by their ids. */
  readonly controls: ReadonlyMap<string, string>;
}

/** Elements without text that is read where they stand. */
const skipped = new Set([
  'office:forms',
  'office:binary-data',
  'office:annotation-end',
  'office:event-listeners',
  'office:scripts',
  'svg:title',
  'svg:desc',
  'text:sequence-decls',
  'text:variable-decls',
  'text:user-field-decls',
  'text:list-level-style-number',
  'text:number',
  'table:named-expressions',
  'table:table-source',
  'presentation:notes',
  'style:style',
]);

/** Notes in notes, and tables in tables: real ones nest a few times. */
const maxDepth = 30;

interface OpenList {
  readonly styleName: string | undefined;
  readonly level: number;
  readonly counter: OdfCounter;
  /** Marker of the item whose first paragraph has not come. */
  marker: string;
}

interface OpenTable {
  readonly rows: TableCell[][];
  readonly outer: TextWriter;
}

/** Times that a repeated cell is taken to be meant; more are there to fill the page. */
const maxRepeated = 1000;

/** Text under `root`, its marks of places included. @param depth how deep `root` is in others that are read so */
export function odfText(root: Element, context: OdfContext, depth = 0): string {
  const reader = new OdfReader(context, depth);
  walk(
    root,
    (node) => {
      if (isText(node)) reader.writeText(node.data);
      return isElement(node) ? node === root || reader.enter(node) : true;
    },
    (node) => {
      if (isElement(node) && node !== root) reader.leave(node);
    },
  );
  return reader.result();
}

/** A comment as a line. */
export function commentText(annotation: Element, context: OdfContext, depth = 0): string {
  const child = (name: string) => elementsOf(annotation).find((one) => one.name === name);
  const author = child('dc:creator');
  const name = author ? textOf(author).trim() : '';
  const body = elementsOf(annotation)
    .filter(({ name: own }) => own === 'text:p' || own === 'text:list')
    .map((one) => odfText(one, context, depth + 1))
    .join(' ')
    .replace(/\s+/g, ' ')
    .trim();
  return body === '' ? '' : `[Comment${name ? ` by ${name}` : ''}] ${body}`;
}

class OdfReader {
  readonly #context: OdfContext;
  readonly #depth: number;
  #writer = new TextWriter();
  /** Spans whose words are seen as struck out, from their beginning to their end. */
  readonly #struckSpans = new Set<Element>();
  /** A paragraph whose words are struck out, but for those of spans that say otherwise. */
  #struckParagraph: Element | undefined;
  readonly #plainSpans = new Set<Element>();
  /** Whether the mark of what is struck out in it is open. */
  #isMarked = false;
  readonly #lists: OpenList[] = [];
  readonly #tables: OpenTable[] = [];
  /** The latest list of each style, which others go on from. */
  readonly #counters = new Map<string, OdfCounter>();

  constructor(context: OdfContext, depth: number) {
    this.#context = context;
    this.#depth = depth;
  }

  result(): string {
    return this.#writer.toString();
  }

  writeText(text: string): void {
    const start = text.search(/\S/);
    if (start < 0 || !this.#struckParagraph) return this.#writer.write(text);
    this.#writer.write(text.slice(0, start));
    this.#markStruck();
    this.#writer.write(text.slice(start));
  }

  /** Opens or closes the mark of a struck paragraph before words that are written. */
  #markStruck(): void {
    if (!this.#struckParagraph) return;
    const isStruck = this.#plainSpans.size === 0;
    if (isStruck !== this.#isMarked) this.#writer.write(isStruck ? '[struck out: ' : ']');
    this.#isMarked = isStruck;
  }

  #endStruck(): void {
    if (this.#isMarked) this.#writer.write(']');
    this.#isMarked = false;
    this.#struckParagraph = undefined;
  }

  enter(element: Element): boolean {
    const { name } = element;
    if (skipped.has(name) || name.endsWith('-source')) return false;
    switch (name) {
      case 'text:p':
      case 'text:h':
        return this.#beginParagraph(element);
      case 'text:span':
        return this.#enterSpan(element);
      case 'text:s':
        this.#writer.writeVerbatim(' '.repeat(Math.min(Number(attributeOf(element, 'c') ?? 1) || 1, 200)));
        return false;
      case 'text:tab':
        this.#writer.writeVerbatim('\t');
        return false;
      case 'text:line-break':
        this.#writer.break(1);
        return false;
      case 'text:list':
        this.#beginList(element);
        return true;
      case 'text:list-item':
        this.#beginItem(element);
        return true;
      case 'text:ruby-text':
        this.#writer.write(`(${textOf(element).trim()})`);
        return false;
      case 'text:note':
        this.#writeNote(element);
        return false;
      case 'office:annotation':
        this.#context.comments.push(commentText(element, this.#context, this.#depth));
        return false;
      case 'text:tracked-changes':
        this.#context.counts.numDeleted += elementsNamed(element, 'deletion').length;
        return false;
      case 'text:section':
        return !this.#isHiddenSection(element);
      case 'text:hidden-text':
        this.#context.counts.numHidden++;
        return false;
      case 'draw:frame':
      case 'draw:custom-shape':
        return this.#enterFrame(element);
      case 'draw:object':
        this.#writeObject(element);
        return false;
      case 'draw:control':
        this.#writer.write(this.#context.controls.get(attributeOf(element, 'control') ?? '') ?? '');
        return false;
      case 'math:math':
        this.#writer.writeApart(mathText(element));
        return false;
      case 'table:table':
        if (this.#tables.length >= maxDepth) return false;
        this.#tables.push({ rows: [], outer: this.#writer });
        return true;
      case 'table:table-row':
        this.#tables.at(-1)?.rows.push([]);
        return true;
      case 'table:table-cell':
        this.#writer = new TextWriter();
        return true;
      case 'table:covered-table-cell':
        return false;
      default:
        return true;
    }
  }

  leave(element: Element): void {
    switch (element.name) {
      case 'text:p':
      case 'text:h':
        if (this.#struckParagraph === element) this.#endStruck();
        this.#writer.break(this.#lists.length > 0 ? 1 : 2);
        break;
      case 'text:span':
        if (this.#struckSpans.delete(element)) this.#writer.write(']');
        this.#plainSpans.delete(element);
        break;
      case 'text:list':
        this.#lists.pop();
        this.#writer.break(this.#lists.length > 0 ? 1 : 2);
        break;
      case 'text:list-item':
        if (this.#lists.length > 0) this.#lists.at(-1)!.marker = '';
        this.#writer.endItem();
        break;
      case 'table:table-cell':
        this.#endCell(element);
        break;
      case 'table:table':
        this.#endTable();
        break;
    }
  }

  #isHiddenSection(section: Element): boolean {
    const display = attributeOf(section, 'display') ?? 'true';
    const isHidden =
      display === 'none' || (display === 'condition' && attributeOf(section, 'is-hidden') === 'true');
    if (isHidden && textOf(section).trim() !== '') this.#context.counts.numHidden++;
    return isHidden;
  }

  #beginParagraph(paragraph: Element): boolean {
    const { styles, labels, counts } = this.#context;
    const styleName = attributeOf(paragraph, 'style-name');
    const style = styles.of('paragraph', styleName);
    const isWhite = style.isWhite && !style.hasGround && this.#tables.length === 0;
    const hiddenField = elementsNamed(paragraph, 'hidden-paragraph')[0];
    const isHidden =
      style.isHidden || isWhite || (hiddenField && attributeOf(hiddenField, 'is-hidden') === 'true');
    if (isHidden) {
      if (textOf(paragraph).trim() !== '') counts.numHidden++;
      return false;
    }
    const isInList = this.#lists.length > 0;
    this.#writer.break(isInList ? 1 : 2);
    const marker = this.#takeMarker(paragraph);
    const isHeading = localName(paragraph) === 'h' || /^title$/i.test(styleName ?? '');
    const heading = isHeading ? textOf(paragraph).replace(/\s+/g, ' ').trim() : '';
    if (heading !== '') {
      labels.push(marker && marker !== '-' ? `${marker} ${heading}` : heading);
      this.#writer.markPlace();
    }
    if (marker !== '') this.#writer.writeMark(`${marker} `);
    if (style.isStruck) this.#struckParagraph ??= paragraph;
    return true;
  }

  /** The number or dash that a paragraph begins with. */
  #takeMarker(paragraph: Element): string {
    const list = this.#lists.at(-1);
    if (list) {
      const { marker } = list;
      list.marker = '';
      return marker;
    }
    const level = Number(attributeOf(paragraph, 'outline-level') ?? 0);
    const isPlain = attributeOf(paragraph, 'is-list-header') === 'true' || textOf(paragraph).trim() === '';
    if (localName(paragraph) !== 'h' || level < 1 || level > 10 || isPlain) return '';
    const { outline, styles } = this.#context;
    return outline.next(level, (of) => styles.outline.get(of));
  }

  #beginList(list: Element): void {
    const above = this.#lists.at(-1);
    const styleName = attributeOf(list, 'style-name') ?? above?.styleName;
    const continues =
      attributeOf(list, 'continue-numbering') === 'true' || attributeOf(list, 'continue-list') !== undefined;
    const known = styleName === undefined ? undefined : this.#counters.get(styleName);
    const counter = above?.counter ?? (continues ? known : undefined) ?? new OdfCounter();
    if (!above && styleName !== undefined) this.#counters.set(styleName, counter);
    this.#lists.push({ styleName, level: (above?.level ?? 0) + 1, counter, marker: '' });
  }

  #beginItem(item: Element): void {
    const list = this.#lists.at(-1);
    if (!list) return;
    const hasText = elementsOf(item).some(({ name }) => name === 'text:p' || name === 'text:h');
    // An item that only holds a deeper list has no number of its own.
    if (!hasText) return;
    const start = attributeOf(item, 'start-value');
    const number = elementsOf(item).find(({ name }) => name === 'text:number');
    const { styles } = this.#context;
    const marker = list.counter.next(
      list.level,
      (level) => styles.level(list.styleName, level),
      start === undefined ? undefined : Number(start),
    );
    list.marker = (number ? textOf(number).trim() : marker) || '';
  }

  #enterSpan(span: Element): boolean {
    const style = this.#context.styles.of('text', attributeOf(span, 'style-name'));
    const isWhite = style.isWhite && !style.hasGround && this.#tables.length === 0;
    if (style.isHidden || isWhite) {
      if (textOf(span).trim() !== '') this.#context.counts.numHidden++;
      return false;
    }
    const before = this.#writer.lastWord || this.#writer.lastCharacter;
    if (this.#struckParagraph && style.isStruck === false) this.#plainSpans.add(span);
    const isStruck = style.isStruck && !this.#struckParagraph && textOf(span).trim() !== '';
    if (isStruck) this.#writer.write('[struck out: ');
    const isPlain = elementsOf(span).length === 0;
    if (style.position === 0 || !isPlain) {
      if (isStruck) this.#struckSpans.add(span);
      return true;
    }
    const text = textOf(span);
    this.#markStruck();
    this.#plainSpans.delete(span);
    this.#writer.write(style.position > 0 ? raised(text, before) : lowered(text, before));
    if (isStruck) this.#writer.write(']');
    return false;
  }

  #writeNote(note: Element): void {
    const child = (name: string) => elementsOf(note).find((one) => localName(one) === name);
    const [citation, body] = [child('note-citation'), child('note-body')];
    const number = citation ? textOf(citation).trim() : '*';
    this.#writer.write(`[${number}]`);
    if (!body || this.#depth >= maxDepth) return;
    const text = odfText(body, this.#context, this.#depth + 1).trim();
    if (text !== '') this.#context.notes.push(`[${number}] ${text}`);
  }

  #enterFrame(frame: Element): boolean {
    // What asks for a text is no text.
    if (attributeOf(frame, 'presentation:placeholder') === 'true') return false;
    const child = (name: string) => elementsOf(frame).find((one) => one.name === name);
    const description = child('svg:desc') ?? child('svg:title');
    const text = description ? textOf(description).replace(/\s+/g, ' ').trim() : '';
    const object = child('draw:object');
    if (/[\p{L}\p{N}]/u.test(text) && !object) this.#writer.write(` [Picture: ${text}] `);
    return true;
  }

  #writeObject(object: Element): void {
    const [formula] = elementsNamed(object, 'math');
    const href = (attributeOf(object, 'href') ?? '').replace(/^\.\//, '').replace(/\/$/, '');
    const text = formula ? mathText(formula) : (this.#context.objects.get(href) ?? '');
    if (text.includes('\n')) {
      this.#writer.break(2);
      this.#writer.writeVerbatim(text);
      this.#writer.break(2);
    } else if (text !== '') this.#writer.writeApart(text);
  }

  #endCell(element: Element): void {
    const row = this.#tables.at(-1)?.rows.at(-1);
    if (!row) return;
    const text = this.#writer.toString().trim();
    const number = (name: string) => Number(attributeOf(element, name) ?? 1) || 1;
    const numRepeated = Math.min(number('number-columns-repeated'), maxRepeated);
    const spans = { columnSpan: number('number-columns-spanned'), rowSpan: number('number-rows-spanned') };
    for (let i = 0; i < numRepeated; i++) row.push({ text, ...spans });
    this.#writer = new TextWriter();
  }

  #endTable(): void {
    const table = this.#tables.pop();
    if (!table) return;
    this.#writer = table.outer;
    this.#writer.break(2);
    const isNested = this.#tables.length > 0;
    this.#writer.writeWritten(isNested ? nestedTableText(table.rows) : tableText(table.rows));
    this.#writer.break(2);
  }
}
