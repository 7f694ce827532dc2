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
import { TextWriter } from '../text/text-writer';
import { OdfLists } from './odf-lists';
import type { OdfCounter, OdfStyles } from './odf-styles';
import { OdfTables } from './odf-tables';
import { StruckMarks } from './struck-marks';

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

/** Notes in notes: real ones nest a few times. */
const maxDepth = 30;

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
  readonly #struck = new StruckMarks();
  readonly #lists: OdfLists;
  readonly #tables = new OdfTables();

  constructor(context: OdfContext, depth: number) {
    this.#context = context;
    this.#depth = depth;
    this.#lists = new OdfLists(context.styles);
  }

  result(): string {
    return this.#writer.toString();
  }

  writeText(text: string): void {
    this.#struck.writeText(text, this.#writer);
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
        this.#lists.begin(element);
        return true;
      case 'text:list-item':
        this.#lists.beginItem(element);
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
        return this.#tables.begin(this.#writer);
      case 'table:table-row':
        this.#tables.beginRow();
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
        this.#struck.endParagraph(element, this.#writer);
        this.#writer.break(this.#lists.isOpen ? 1 : 2);
        break;
      case 'text:span':
        this.#struck.endSpan(element, this.#writer);
        break;
      case 'text:list':
        this.#lists.end();
        this.#writer.break(this.#lists.isOpen ? 1 : 2);
        break;
      case 'text:list-item':
        this.#lists.takeMarker();
        this.#writer.endItem();
        break;
      case 'table:table-cell':
        this.#writer = this.#tables.endCell(element, this.#writer);
        break;
      case 'table:table':
        this.#writer = this.#tables.end(this.#writer);
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
    const isWhite = style.isWhite && !style.hasGround && this.#tables.depth === 0;
    const hiddenField = elementsNamed(paragraph, 'hidden-paragraph')[0];
    const isHidden =
      style.isHidden || isWhite || (hiddenField && attributeOf(hiddenField, 'is-hidden') === 'true');
    if (isHidden) {
      if (textOf(paragraph).trim() !== '') counts.numHidden++;
      return false;
    }
    const isInList = this.#lists.isOpen;
    this.#writer.break(isInList ? 1 : 2);
    const marker = this.#takeMarker(paragraph);
    const isHeading = localName(paragraph) === 'h' || /^title$/i.test(styleName ?? '');
    const heading = isHeading ? textOf(paragraph).replace(/\s+/g, ' ').trim() : '';
    if (heading !== '') {
      labels.push(marker && marker !== '-' ? `${marker} ${heading}` : heading);
      this.#writer.markPlace();
    }
    if (marker !== '') this.#writer.writeMark(`${marker} `);
    if (style.isStruck) this.#struck.beginParagraph(paragraph);
    return true;
  }

  /** The number or dash that a paragraph begins with. */
  #takeMarker(paragraph: Element): string {
    if (this.#lists.isOpen) return this.#lists.takeMarker();
    const level = Number(attributeOf(paragraph, 'outline-level') ?? 0);
    const isPlain = attributeOf(paragraph, 'is-list-header') === 'true' || textOf(paragraph).trim() === '';
    if (localName(paragraph) !== 'h' || level < 1 || level > 10 || isPlain) return '';
    const { outline, styles } = this.#context;
    return outline.next(level, (of) => styles.outline.get(of));
  }

  #enterSpan(span: Element): boolean {
    const style = this.#context.styles.of('text', attributeOf(span, 'style-name'));
    const isWhite = style.isWhite && !style.hasGround && this.#tables.depth === 0;
    if (style.isHidden || isWhite) {
      if (textOf(span).trim() !== '') this.#context.counts.numHidden++;
      return false;
    }
    const before = this.#writer.lastWord || this.#writer.lastCharacter;
    this.#struck.beginSpan(span, style.isStruck, this.#writer);
    if (style.position === 0 || elementsOf(span).length > 0) return true;
    const text = textOf(span);
    this.#struck.beforeWords(this.#writer);
    this.#writer.write(style.position > 0 ? raised(text, before) : lowered(text, before));
    this.#struck.endSpan(span, this.#writer);
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
}
