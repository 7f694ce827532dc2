/** Reads the cells of a sheet of XLSX one after the other, since sheets are too large to be kept as trees. Pure. */
import { Parser } from 'htmlparser2';
import { ImportError } from '../import-error';
import type { CellFormats } from './cell-formats';

/** A cell with something to say. */
export interface SheetCell {
  /** Both from 0. */
  readonly row: number;
  readonly column: number;
  readonly text: string;
}

/** An area of cells, ends included, from 0. */
export interface CellRange {
  readonly fromRow: number;
  readonly toRow: number;
  readonly fromColumn: number;
  readonly toColumn: number;
}

/** What a sheet holds. */
interface SheetCells {
  readonly cells: readonly SheetCell[];
  readonly merged: readonly CellRange[];
  /** Rows and columns that are not shown and hold something; cells of them are not among `cells`. */
  readonly hiddenRows: ReadonlySet<number>;
  readonly hiddenColumns: ReadonlySet<number>;
  /** Cells whose text cannot be seen. */
  readonly numHidden: number;
  /** Formulas that were never computed, and stand for themselves. */
  readonly numFormulas: number;
  /** What is printed above and below the sheet. */
  readonly margins: readonly string[];
}

/** Cells that a workbook may have. */
export const maxCells = 3_000_000;

/** Row and column of a name like `AB12`, from 0. */
function cellPlace(name: string): { readonly row: number; readonly column: number } | undefined {
  const match = /^\$?([A-Z]{1,3})\$?(\d{1,7})$/i.exec(name);
  if (!match) return undefined;
  const letters = match[1]!.toUpperCase();
  const column = Array.from(letters).reduce((sum, letter) => 26 * sum + letter.charCodeAt(0) - 64, 0) - 1;
  return { row: Number(match[2]) - 1, column };
}

/** The area that a name like `A1:C3` means. */
function cellRange(name: string): CellRange | undefined {
  const [from, to = from] = name.split(':').map(cellPlace);
  if (!from || !to) return undefined;
  return {
    fromRow: Math.min(from.row, to.row),
    toRow: Math.max(from.row, to.row),
    fromColumn: Math.min(from.column, to.column),
    toColumn: Math.max(from.column, to.column),
  };
}

const isOn = (value: string | undefined) => value === '1' || value === 'true';

/** Elements whose text is wanted. */
const texts = new Set(['v', 't', 'f', 'oddHeader', 'oddFooter']);

/** What headers and footers of pages say, without the codes for places, fonts, numbers and dates. */
function marginText(coded: string): string {
  return coded
    .replace(/&"[^"]*"|&\d+|&K[\dA-F]{6}|&[LCR]/gi, ' ')
    .replace(/&[A-Z]/g, '')
    .replaceAll('&&', '&')
    .replace(/\s+/g, ' ')
    .trim();
}

/**
 * @param source the part, as text
 * @param shared the texts that cells refer to by number
 * @throws ImportError `too-large`
 */
export function readCells(source: string, shared: readonly string[], formats: CellFormats): SheetCells {
  const cells: SheetCell[] = [];
  const merged: CellRange[] = [];
  const [hiddenRows, hiddenColumns] = [new Set<number>(), new Set<number>()];
  const hiddenRanges: (readonly [from: number, to: number])[] = [];
  const margins: string[] = [];
  let [row, column, numHidden, numFormulas] = [-1, -1, 0, 0];
  let [isRowHidden, isPhonetic] = [false, false];
  let [type, style] = ['n', 0];
  let content: Record<string, string> = {};
  let open: string | undefined;

  const shownText = (): string => {
    const value = content.v ?? '';
    switch (type) {
      case 's':
        return formats.text(shared[Number(value)] ?? '', style);
      case 'inlineStr':
        return formats.text(content.t ?? '', style);
      case 'str':
        return formats.text(value, style);
      case 'b':
        return value === '1' ? 'TRUE' : value === '0' ? 'FALSE' : '';
      case 'e':
        return value;
      case 'd':
        return value.replace('T', ' ').replace(/ 00:00:00(?:\.0+)?$/, '');
      default:
        return value.trim() === '' || !Number.isFinite(Number(value))
          ? value
          : formats.number(Number(value), style);
    }
  };

  const endCell = (): void => {
    const isUncomputed = content.v === undefined && content.t === undefined && (content.f ?? '') !== '';
    const text = (isUncomputed ? `=${content.f!}` : shownText()).trim();
    // A format may hide a value; white letters do.
    const isBlank = text === '' && (content.v ?? '').trim() !== '' && type === 'n';
    if (isBlank || (text !== '' && formats.isHidden(style))) numHidden++;
    else if (text !== '' && isRowHidden) hiddenRows.add(row);
    else if (text !== '' && hiddenRanges.some(([from, to]) => column >= from && column <= to)) {
      hiddenColumns.add(column);
    } else if (text !== '') {
      if (isUncomputed) numFormulas++;
      if (cells.length >= maxCells) throw tooManyCells();
      cells.push({ row, column, text });
    }
  };

  const parser = new Parser(
    {
      onopentag(fullName, attributes) {
        const name = fullName.slice(fullName.indexOf(':') + 1);
        switch (name) {
          case 'row':
            row = attributes.r === undefined ? row + 1 : Number(attributes.r) - 1;
            column = -1;
            isRowHidden = isOn(attributes.hidden) || isOn(attributes.zeroHeight);
            break;
          case 'c': {
            const place = attributes.r === undefined ? undefined : cellPlace(attributes.r);
            column = place?.column ?? column + 1;
            row = place?.row ?? row;
            type = attributes.t ?? 'n';
            style = Number(attributes.s ?? 0);
            content = {};
            break;
          }
          case 'col':
            if (isOn(attributes.hidden)) {
              hiddenRanges.push([Number(attributes.min) - 1, Number(attributes.max) - 1]);
            }
            break;
          case 'mergeCell': {
            const range = cellRange(attributes.ref ?? '');
            if (range) merged.push(range);
            break;
          }
          case 'rPh':
            isPhonetic = true;
            break;
        }
        open = texts.has(name) && !isPhonetic ? name : undefined;
      },
      ontext(text) {
        if (open !== undefined) content[open] = (content[open] ?? '') + text;
      },
      onclosetag(fullName) {
        const name = fullName.slice(fullName.indexOf(':') + 1);
        open = undefined;
        if (name === 'c') endCell();
        if (name === 'rPh') isPhonetic = false;
        if (name === 'oddHeader' || name === 'oddFooter') {
          const text = marginText(content[name] ?? '');
          content = {};
          if (/\p{L}|\d{3}/u.test(text)) {
            margins.push(`[Page ${name === 'oddHeader' ? 'header' : 'footer'}] ${text}`);
          }
        }
      },
    },
    { xmlMode: true, decodeEntities: true },
  );
  parser.end(source);
  return { cells, merged, hiddenRows, hiddenColumns, numHidden, numFormulas, margins };
}

function tooManyCells(): ImportError {
  return new ImportError(
    'too-large',
    `This workbook has more than ${maxCells / 1e6} million cells, more than can be read here.`,
    'Save the part that you want to ask about as a workbook of its own, or as CSV.',
  );
}
