/**
 * The text of a part of a Word document: numbered paragraphs, tables, formulas, ticks, and what pictures are said to show. Long because
 * it is one walk: each kind of element writes to the place that is open, and its few lines only make sense beside the others'. What can
 * be told without that place (numbers, styles, runs, symbols, tables) has files of its own.
 */
import { mathText } from '../markup/math-text';
import {
  attributeOf,
  childNamed,
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
import { withoutMarks } from '../text/tidy-text';
import { placeMark } from '../document';
import type { NoteKind, NoteNumbers } from './note-numbers';
import type { WordNumbering } from './numbering';
import { areUnseen, groundOf, runProperties, withDefaults, type RunProperties } from './run-properties';
import { characters, hasOwnText, isDeletedMark, neighbour, runText, skipped } from './runs';
import type { WordStyles } from './styles';
import { symbolCharacter } from './symbols';
import { WordTables } from './word-tables';

/** What all parts of a document share while they are read. */
export interface WordContext {
  readonly numbering: WordNumbering;
  readonly styles: WordStyles;
  /** Headings, in order of their marks. */
  readonly labels: string[];
  readonly noteNumbers: Readonly<Record<NoteKind, NoteNumbers>>;
  /** Charts and diagrams as text, by the ids that this part has for them. */
  readonly graphics: ReadonlyMap<string, string>;
  readonly counts: { numHidden: number; numUnknownSymbols: number; numEmbedded: number };
}

const val = (element: Element | undefined) => attributeOf(element, 'val');
const isOn = (element: Element | undefined) =>
  element !== undefined && !/^(?:0|false|off|none)$/.test(val(element) ?? '');

/** Text under `root`, with an empty line between paragraphs. */
export function wordText(root: Element, context: WordContext): string {
  const reader = new PartReader(context);
  walk(
    root,
    (node) => (isElement(node) ? reader.enter(node) : !isText(node)),
    (node) => (isElement(node) ? reader.leave(node) : undefined),
  );
  return reader.result();
}

/** A paragraph that is open. */
interface OpenParagraph {
  /** Letters of its style. */
  readonly run: RunProperties;
  /** What is behind it. */
  readonly ground: string | undefined;
  /** Whether its end is deleted, so that the next paragraph goes on in it. */
  readonly isEndDeleted: boolean;
  /** Whether it goes on the paragraph before it, whose end is deleted. */
  readonly goesOn: boolean;
  /** Where in what is written it begins. */
  readonly start: number;
  readonly endsSection: boolean;
  /** What stands beside it: text boxes, charts and diagrams. */
  readonly beside: string[];
}

class PartReader {
  readonly #context: WordContext;
  #parts: string[] = [];
  /** What is written around the cells and text boxes that are open. */
  readonly #outer: string[][] = [];
  readonly #tables = new WordTables();
  readonly #paragraphs: OpenParagraph[] = [];
  /** Whether the paragraph before goes on in the next one. */
  #goesOn = false;
  #isStruck = false;
  #isAfterFormula = false;
  /** The symbol font of the run that is open. */
  #font: string | undefined;

  constructor(context: WordContext) {
    this.#context = context;
  }

  result(): string {
    return this.#parts.join('');
  }

  enter(element: Element): boolean {
    const name = localName(element);
    if (skipped.has(name)) return false;
    const character = characters[name];
    if (character !== undefined) {
      this.#parts.push(character);
      return false;
    }
    switch (name) {
      case 't':
        this.#writeText(textOf(element));
        return false;
      case 'r':
        return this.#enterRun(element);
      case 'p':
        this.#beginParagraph(element);
        return true;
      case 'oMath':
        if (/[\p{L}\p{N}]$/u.test(this.#parts.at(-1) ?? '')) this.#parts.push(' ');
        this.#parts.push(mathText(element));
        this.#isAfterFormula = true;
        return false;
      case 'sym':
        this.#writeSymbol(attributeOf(element, 'font') ?? '', attributeOf(element, 'char') ?? '');
        return false;
      case 'checkBox': {
        const state = childNamed(element, 'checked') ?? childNamed(element, 'default');
        this.#parts.push(isOn(state) ? '☑' : '☐');
        return false;
      }
      case 'ddList':
        this.#writeChoice(element);
        return false;
      case 'footnoteReference':
      case 'endnoteReference':
        this.#writeNoteMark(element);
        return false;
      case 'docPr':
        this.#writeDescription(attributeOf(element, 'descr') ?? attributeOf(element, 'title'));
        return true;
      case 'shape':
        this.#writeDescription(attributeOf(element, 'alt'));
        return true;
      case 'textpath':
        this.#parts.push(withoutMarks(attributeOf(element, 'string') ?? ''), ' ');
        return false;
      case 'ruby':
        this.#writeRuby(element);
        return false;
      case 'chart':
      case 'relIds':
        this.#writeGraphic(attributeOf(element, name === 'chart' ? 'r:id' : 'r:dm'));
        return false;
      case 'OLEObject':
      case 'altChunk':
      case 'subDoc':
        this.#context.counts.numEmbedded++;
        return false;
      case 'tbl':
        this.#tables.begin();
        this.#open();
        return true;
      case 'tr':
        if (isDeletedMark(childNamed(element, 'trPr'))) return false;
        this.#tables.beginRow(element);
        return true;
      case 'tc':
      case 'txbxContent':
        this.#open();
        return true;
      case 'sdt':
        return this.#enterControl(element);
      default:
        return true;
    }
  }

  leave(element: Element): void {
    switch (localName(element)) {
      case 'p':
        this.#endParagraph();
        break;
      case 'r':
        this.#font = undefined;
        break;
      case 'tc':
        this.#tables.endCell(element, this.#close());
        break;
      case 'tbl':
        this.#close();
        this.#parts.push(this.#tables.end(), '\n\n');
        break;
      case 'txbxContent': {
        const text = this.#close();
        if (text !== '') this.#writeBeside(`[Text box] ${text}`);
        break;
      }
    }
  }

  /** What follows is kept apart until it is closed. */
  #open(): void {
    this.#outer.push(this.#parts);
    this.#parts = [];
  }

  #close(): string {
    const text = this.#parts.join('').trim();
    this.#parts = this.#outer.pop() ?? [];
    return text;
  }

  /** A block that stands where its paragraph does, without being part of it. */
  #writeBeside(text: string): void {
    const paragraph = this.#paragraphs.at(-1);
    if (paragraph) paragraph.beside.push(text);
    else this.#parts.push(text, '\n\n');
  }

  #propertiesOf(run: Element): RunProperties {
    const properties = childNamed(run, 'rPr');
    const paragraph = this.#paragraphs.at(-1)?.run ?? {};
    if (!properties) return paragraph;
    const styleId = val(childNamed(properties, 'rStyle'));
    const style = styleId === undefined ? {} : this.#context.styles.of(styleId).run;
    return withDefaults(withDefaults(runProperties(properties), style), paragraph);
  }

  #enterRun(run: Element): boolean {
    const properties = this.#propertiesOf(run);
    const hasText = elementsOf(run).some((child) => localName(child) === 't' && textOf(child).trim() !== '');
    // A cell may have its colour from the style of its table.
    const ground = this.#tables.depth > 0 ? 'table' : this.#paragraphs.at(-1)?.ground;
    if (areUnseen(properties, ground)) {
      if (hasText) this.#context.counts.numHidden++;
      return false;
    }
    if (hasText) this.#strike(properties.isStruck === true);
    this.#font = properties.font;
    if (this.#enterOwnMark(run)) return false;
    return !hasText || !this.#writeRaised(run, properties.place);
  }

  /** Runs that are raised one after the other are one figure. @returns whether it is written */
  #writeRaised(run: Element, place: RunProperties['place']): boolean {
    if (place !== 'raised' && place !== 'lowered') return false;
    if (this.#hasPlace(neighbour(run, 'prev'), place)) return true;
    let text = '';
    for (let next: Element | undefined = run; next && this.#hasPlace(next, place);) {
      text += runText(next);
      next = neighbour(next, 'next');
    }
    const before = /(?:\p{L}+|\S)$/u.exec(this.#parts.slice(-3).join('').slice(-20))?.[0] ?? '';
    this.#parts.push(place === 'raised' ? raised(text, before) : lowered(text, before));
    return true;
  }

  #hasPlace(run: Element | undefined, place: RunProperties['place']): boolean {
    return run !== undefined && this.#propertiesOf(run).place === place && runText(run).trim() !== '';
  }

  /** Words that are struck out are seen as such; they are not what holds. */
  #strike(isStruck: boolean): void {
    if (isStruck === this.#isStruck) return;
    this.#isStruck = isStruck;
    this.#parts.push(isStruck ? '[struck out: ' : ']');
  }

  #beginParagraph(paragraph: Element): void {
    const { styles, numbering, labels } = this.#context;
    const properties = childNamed(paragraph, 'pPr');
    const child = (name: string) => properties && childNamed(properties, name);
    const styleId = val(child('pStyle'));
    const style = styles.of(styleId);
    const isEndDeleted = isDeletedMark(child('rPr'));
    const goesOn = this.#goesOn;
    this.#goesOn = false;
    this.#paragraphs.push({
      run: style.run,
      ground: groundOf(properties) ?? style.ground,
      isEndDeleted,
      goesOn,
      start: this.#parts.length,
      endsSection: child('sectPr') !== undefined,
      beside: [],
    });
    // A paragraph that is deleted as a whole has no number.
    if (goesOn || (isEndDeleted && !hasOwnText(paragraph))) return;
    const own = child('numPr');
    const numId = val(own && childNamed(own, 'numId')) ?? style.numId;
    const named = val(own && childNamed(own, 'ilvl')) ?? style.level;
    const level = Number(named ?? (numId && numbering.levelOfStyle(numId, styleId)) ?? 0);
    const outline = val(child('outlineLvl')) ?? style.outline;
    const marker = numId !== undefined ? numbering.next(numId, level) : own ? '-' : '';
    if (outline !== undefined && Number(outline) < 9) {
      const text = elementsNamed(paragraph, 't').map(textOf).join('').trim();
      if (text !== '') {
        labels.push(marker && marker !== '-' ? `${marker} ${text}` : text);
        this.#parts.push(placeMark);
      }
    }
    if (marker !== '') this.#parts.push(`${marker} `);
  }

  #endParagraph(): void {
    this.#strike(false);
    this.#isAfterFormula = false;
    const paragraph = this.#paragraphs.pop();
    if (!paragraph) return;
    if (paragraph.isEndDeleted)
      this.#goesOn = paragraph.goesOn || this.#parts.slice(paragraph.start).join('').trim() !== '';
    else this.#parts.push('\n\n');
    for (const text of paragraph.beside) this.#parts.push(text, '\n\n');
    if (!paragraph.endsSection) return;
    this.#context.noteNumbers.footnote.endSection();
    this.#context.noteNumbers.endnote.endSection();
  }

  #writeText(text: string): void {
    // A letter right behind a formula is none of its own.
    if (this.#isAfterFormula && /^[\p{L}\p{N}]/u.test(text)) this.#parts.push(' ');
    this.#isAfterFormula = false;
    const font = this.#font;
    if (font === undefined || !/^(?:wingdings|wingdings 2|symbol)$/i.test(font)) {
      this.#parts.push(withoutMarks(text));
      return;
    }
    for (const character of text) {
      if (/\s/.test(character)) this.#parts.push(character);
      else this.#writeSymbol(font, character.codePointAt(0)!.toString(16));
    }
  }

  #writeSymbol(font: string, code: string): void {
    const symbol = symbolCharacter(font, code);
    if (symbol === undefined) this.#context.counts.numUnknownSymbols++;
    this.#parts.push(symbol ?? '\ufffd');
  }

  /** What was chosen from the list of an old form. */
  #writeChoice(list: Element): void {
    const chosen = Number(val(childNamed(list, 'result')) ?? val(childNamed(list, 'default')) ?? 0);
    const entries = elementsOf(list).filter((child) => localName(child) === 'listEntry');
    this.#parts.push(withoutMarks(val(entries[chosen]) ?? ''));
  }

  #writeNoteMark(element: Element): void {
    const kind = localName(element) === 'footnoteReference' ? 'footnote' : 'endnote';
    this.#parts.push(`[${this.#context.noteNumbers[kind].mark(attributeOf(element, 'id') ?? '')}]`);
  }

  /** A note whose mark is the author's own: a star in the place of a number. */
  #enterOwnMark(run: Element): boolean {
    const reference = elementsOf(run).find((child) => /^(?:foot|end)noteReference$/.test(localName(child)));
    if (!reference || !/^(?:1|true|on)$/.test(attributeOf(reference, 'customMarkFollows') ?? ''))
      return false;
    const kind = localName(reference) === 'footnoteReference' ? 'footnote' : 'endnote';
    const own = runText(run).trim();
    const number = this.#context.noteNumbers[kind].mark(attributeOf(reference, 'id') ?? '', own || undefined);
    this.#parts.push(`[${number}]`);
    return true;
  }

  /** How a word is said stands behind it. */
  #writeRuby(ruby: Element): void {
    const part = (name: string) => withoutMarks(runText(childNamed(ruby, name))).trim();
    const said = part('rt');
    this.#parts.push(part('rubyBase'), said === '' ? '' : `(${said})`);
  }

  #writeGraphic(id: string | undefined): void {
    const text = this.#context.graphics.get(id ?? '');
    if (text) this.#writeBeside(text);
    else this.#context.counts.numEmbedded++;
  }

  #writeDescription(given: string | undefined): void {
    const description = (given ?? '').trim();
    if (/[\p{L}\p{N}]/u.test(description)) this.#parts.push(`[Picture: ${withoutMarks(description)}] `);
  }

  /** A content control; a check box in one shows as its letter, which may be of a symbol font. */
  #enterControl(element: Element): boolean {
    const properties = childNamed(element, 'sdtPr');
    const box = properties && elementsOf(properties).find((child) => localName(child) === 'checkbox');
    const isPlaceholder = properties !== undefined && childNamed(properties, 'showingPlcHdr') !== undefined;
    if (isPlaceholder && !box) return false;
    if (!box) return true;
    const isChecked = isOn(childNamed(box, 'checked'));
    this.#parts.push(isChecked ? '☑' : '☐');
    return false;
  }
}
