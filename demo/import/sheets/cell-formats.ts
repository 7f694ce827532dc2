/** Values of cells as a spreadsheet displays them, by the formats of its styles: pure. */
import { format, isDateFormat } from 'numfmt';
import { attributeOf, childNamed, elementsOf, localName, type Document, type Element } from '../markup/tree';

/** Formats that files name by number only (ECMA-376, 18.8.30), as they look in English. */
const builtIn: Readonly<Record<number, string>> = {
  1: '0',
  2: '0.00',
  3: '#,##0',
  4: '#,##0.00',
  9: '0%',
  10: '0.00%',
  11: '0.00E+00',
  12: '# ?/?',
  13: '# ??/??',
  14: 'm/d/yyyy',
  15: 'd-mmm-yy',
  16: 'd-mmm',
  17: 'mmm-yy',
  18: 'h:mm AM/PM',
  19: 'h:mm:ss AM/PM',
  20: 'h:mm',
  21: 'h:mm:ss',
  22: 'm/d/yyyy h:mm',
  37: '#,##0 ;(#,##0)',
  38: '#,##0 ;[Red](#,##0)',
  39: '#,##0.00;(#,##0.00)',
  40: '#,##0.00;[Red](#,##0.00)',
  45: 'mm:ss',
  46: '[h]:mm:ss',
  47: 'mm:ss.0',
  48: '##0.0E+0',
  49: '@',
};

/** Days between the two dates that spreadsheets count from. */
const daysTo1904 = 1462;

const children = (part: Document | undefined, name: string): Element[] => {
  const [root] = part ? elementsOf(part) : [];
  const list = root && childNamed(root, name);
  return list ? elementsOf(list) : [];
};

/** See the file's header. */
export class CellFormats {
  readonly #patterns: readonly string[];
  /** Whether letters of a style are white on nothing. */
  readonly #isWhite: readonly boolean[];
  readonly #is1904: boolean;

  /**
   * @param styles `xl/styles.xml`, where there is one
   * @param is1904 whether days count from 1904
   */
  constructor(styles: Document | undefined, is1904: boolean) {
    this.#is1904 = is1904;
    const own = new Map(
      children(styles, 'numFmts').map((one) => [
        Number(attributeOf(one, 'numFmtId')),
        attributeOf(one, 'formatCode') ?? 'General',
      ]),
    );
    const styled = children(styles, 'cellXfs');
    this.#patterns = styled.map((one) => {
      const id = Number(attributeOf(one, 'numFmtId') ?? 0);
      return own.get(id) ?? builtIn[id] ?? 'General';
    });
    const white = children(styles, 'fonts').map((font) => {
      const color = childNamed(font, 'color');
      return /^(?:ff)?ffffff$/i.test(attributeOf(color, 'rgb') ?? '');
    });
    const plain = children(styles, 'fills').map((fill) => {
      const pattern = elementsOf(fill).find((child) => localName(child) === 'patternFill');
      return pattern !== undefined && (attributeOf(pattern, 'patternType') ?? 'none') === 'none';
    });
    this.#isWhite = styled.map(
      (one) =>
        (white[Number(attributeOf(one, 'fontId') ?? 0)] ?? false) &&
        (plain[Number(attributeOf(one, 'fillId') ?? 0)] ?? false),
    );
  }

  /** Whether text in this style cannot be seen on the sheet. */
  isHidden(style: number): boolean {
    return this.#isWhite[style] ?? false;
  }

  /** A number as it is shown. */
  number(value: number, style: number): string {
    const pattern = this.#patterns[style] ?? 'General';
    if (/^general$/i.test(pattern)) return plainNumber(value);
    try {
      const days = this.#is1904 && isDateFormat(pattern) ? value + daysTo1904 : value;
      return format(pattern, days).trim();
    } catch {
      // A format that no spreadsheet would take: then the number stands as it is.
      return plainNumber(value);
    }
  }

  /** A text as it is shown, which a format may add to. */
  text(value: string, style: number): string {
    const pattern = this.#patterns[style] ?? 'General';
    if (!pattern.includes('@') || pattern === '@') return value;
    try {
      return format(pattern, value).trim();
    } catch {
      // As above.
      return value;
    }
  }
}

/** All figures that a cell has, without those that come from counting in twos. */
function plainNumber(value: number): string {
  return String(Number(value.toPrecision(15)));
}
