/** The text of a part of a Word document: numbered paragraphs, tables, formulas, ticks, and what pictures are said to show. */
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
import { romanNumber } from '../text/numbering';
import { lowered, raised } from '../text/raised';
import { nestedTableText, tableText, type TableCell } from '../text/table-text';
import { withoutMarks } from '../text/tidy-text';
import { placeMark } from '../document';
import { ImportError } from '../import-error';
import type { WordNumbering } from './numbering';
import type { WordStyles } from './styles';
import { symbolCharacter } from './symbols';

/** Elements whose text is not part of what a reader sees: deleted or moved away, or a second form of the same. */
const skipped = new Set([
  'del',
  'moveFrom',
  'Fallback',
  'instrText',
  'delText',
  'delInstrText',
  'rubyPr',
  'rt',
  'pPr',
  'rPr',
  'tblPr',
  'tcPr',
  'trPr',
  'tblGrid',
  'sectPr',
  'sdtPr',
  'pPrChange',
]);

/** What single elements stand for. */
const characters: Readonly<Record<string, string>> = {
  tab: '\t',
  br: '\n',
  cr: '\n',
  noBreakHyphen: '-',
  softHyphen: '',
  ptab: '\t',
};

/** What all parts of a document share while they are read. */
export interface WordContext {
  readonly numbering: WordNumbering;
  readonly styles: WordStyles;
  /** Headings, in order of their marks. */
  readonly labels: string[];
  /** By id, as printed: numbers of the notes, in the order of their marks. */
  readonly noteNumbers: { readonly footnote: Map<string, string>; readonly endnote: Map<string, string> };
  readonly counts: { numHidden: number; numUnknownSymbols: number };
}

/** Tables within tables: each one copies what is in it. */
const mostTables = 40;

function tooDeep(): ImportError {
  return new ImportError(
    'damaged',
    'Tables stand in tables of this document deeper than anybody writes, so it is damaged, or made to do harm.',
    'Open it in the program that it is for, copy its text, and paste that here.',
  );
}

interface OpenTable {
  readonly rows: { readonly cells: (TableCell & { readonly isContinued: boolean })[] }[];
  readonly outer: string[];
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

class PartReader {
  readonly #context: WordContext;
  #parts: string[] = [];
  readonly #tables: OpenTable[] = [];

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
        this.#parts.push(withoutMarks(textOf(element)));
        return false;
      case 'r':
        return this.#enterRun(element);
      case 'p':
        this.#beginParagraph(element);
        return true;
      case 'oMath':
        this.#parts.push(mathText(element));
        return false;
      case 'sym':
        this.#writeSymbol(element);
        return false;
      case 'checkBox': {
        const state = childNamed(element, 'checked') ?? childNamed(element, 'default');
        this.#parts.push(isOn(state) ? '☑' : '☐');
        return false;
      }
      case 'footnoteReference':
      case 'endnoteReference':
        this.#writeNoteMark(element, name === 'footnoteReference' ? 'footnote' : 'endnote');
        return false;
      case 'docPr':
        this.#writeDescription(element);
        return true;
      case 'tbl':
        if (this.#tables.length >= mostTables) throw tooDeep();
        this.#tables.push({ rows: [], outer: this.#parts });
        this.#parts = [];
        return true;
      case 'tr':
        this.#tables.at(-1)?.rows.push({ cells: [] });
        this.#parts = [];
        return true;
      case 'tc':
        this.#parts = [];
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
        this.#parts.push('\n\n');
        break;
      case 'tc':
        this.#leaveCell(element);
        break;
      case 'tbl':
        this.#leaveTable();
        break;
    }
  }

  #enterRun(run: Element): boolean {
    const properties = childNamed(run, 'rPr');
    if (!properties) return true;
    const isHidden = isOn(childNamed(properties, 'vanish')) || isOn(childNamed(properties, 'webHidden'));
    const isWhite = /^ffffff$/i.test(val(childNamed(properties, 'color')) ?? '');
    const isShaded =
      childNamed(properties, 'shd') !== undefined || childNamed(properties, 'highlight') !== undefined;
    const isTiny = Number(val(childNamed(properties, 'sz')) ?? 24) <= 2;
    if (isHidden || isTiny || (isWhite && !isShaded && this.#tables.length === 0)) {
      if (elementsNamed(run, 't').some((text) => textOf(text).trim() !== ''))
        this.#context.counts.numHidden++;
      return false;
    }
    const place = val(childNamed(properties, 'vertAlign'));
    if (place !== 'superscript' && place !== 'subscript') return true;
    const text = elementsNamed(run, 't')
      .map((part) => withoutMarks(textOf(part)))
      .join('');
    if (text.trim() === '') return true;
    const before = /(?:\p{L}+|\S)$/u.exec(this.#parts.slice(-3).join('').slice(-20))?.[0] ?? '';
    this.#parts.push(place === 'superscript' ? raised(text, before) : lowered(text, before));
    return false;
  }

  #beginParagraph(paragraph: Element): void {
    const { styles, numbering, labels } = this.#context;
    const properties = childNamed(paragraph, 'pPr');
    const styleId = val(properties && childNamed(properties, 'pStyle'));
    const style = styles.of(styleId);
    const own = properties && childNamed(properties, 'numPr');
    const numId = val(own && childNamed(own, 'numId')) ?? style.numId;
    const level = Number(val(own && childNamed(own, 'ilvl')) ?? style.level ?? 0);
    const outline = val(properties && childNamed(properties, 'outlineLvl')) ?? style.outline;
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

  #writeSymbol(element: Element): void {
    const symbol = symbolCharacter(attributeOf(element, 'font') ?? '', attributeOf(element, 'char') ?? '');
    if (symbol === undefined) this.#context.counts.numUnknownSymbols++;
    this.#parts.push(symbol ?? '\ufffd');
  }

  #writeNoteMark(element: Element, kind: 'footnote' | 'endnote'): void {
    const numbers = this.#context.noteNumbers[kind];
    const id = attributeOf(element, 'id') ?? '';
    const next = numbers.size + 1;
    // Word counts endnotes in small Roman numbers, unless somebody asked for others.
    if (!numbers.has(id)) numbers.set(id, kind === 'footnote' ? `${next}` : romanNumber(next));
    this.#parts.push(`[${numbers.get(id)!}]`);
  }

  #writeDescription(element: Element): void {
    const description = (attributeOf(element, 'descr') ?? attributeOf(element, 'title') ?? '').trim();
    if (/[\p{L}\p{N}]/u.test(description)) this.#parts.push(`[Picture: ${withoutMarks(description)}]`);
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

  #leaveCell(element: Element): void {
    const table = this.#tables.at(-1);
    if (!table) return;
    const properties = childNamed(element, 'tcPr');
    const merge = properties && childNamed(properties, 'vMerge');
    const columnSpan = Number(val(properties && childNamed(properties, 'gridSpan')) ?? 1) || 1;
    const isContinued = merge !== undefined && val(merge) !== 'restart';
    table.rows.at(-1)?.cells.push({ text: this.#parts.join('').trim(), columnSpan, isContinued });
    this.#parts = [];
  }

  #leaveTable(): void {
    const table = this.#tables.pop();
    if (!table) return;
    const isNested = this.#tables.length > 0;
    const rows = fillContinued(table.rows.map(({ cells }) => cells));
    this.#parts = table.outer;
    this.#parts.push(isNested ? nestedTableText(rows) : tableText(rows), '\n\n');
  }
}

/** Cells that go on from above have its text: by the column that they stand in. */
function fillContinued(
  rows: readonly (readonly (TableCell & { readonly isContinued: boolean })[])[],
): TableCell[][] {
  let above = new Map<number, string>();
  return rows.map((row) => {
    const now = new Map<number, string>();
    let column = 0;
    const cells = row.map(({ text, columnSpan = 1, isContinued }) => {
      const shown = isContinued && text === '' ? (above.get(column) ?? '').replaceAll(placeMark, '') : text;
      now.set(column, shown);
      column += columnSpan;
      return { text: shown, columnSpan };
    });
    above = now;
    return cells;
  });
}
