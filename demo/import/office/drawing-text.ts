/** Text in the drawings of office programs (DrawingML): paragraphs of shapes, tables, charts and diagrams. Pure. */
import { mathText } from '../markup/math-text';
import {
  attributeOf,
  childNamed,
  elementsNamed,
  elementsOf,
  localName,
  textOf,
  type Document,
  type Element,
} from '../markup/tree';
import { wordNumber } from '../text/numbering';
import { lowered, raised } from '../text/raised';
import { tableText, type TableCell } from '../text/table-text';
import { withoutMarks } from '../text/tidy-text';

/** Numbers of items, by the words that name them: `arabicPeriod`, `alphaLcParenBoth`. */
function itemNumber(scheme: string, number: number): string {
  const format = scheme.startsWith('alphaLc')
    ? 'lowerLetter'
    : scheme.startsWith('alphaUc')
      ? 'upperLetter'
      : scheme.startsWith('romanLc')
        ? 'lowerRoman'
        : scheme.startsWith('romanUc')
          ? 'upperRoman'
          : 'decimal';
  const text = wordNumber(number, format);
  if (scheme.endsWith('ParenBoth')) return `(${text})`;
  if (scheme.endsWith('ParenR')) return `${text})`;
  return scheme.endsWith('Plain') ? text : `${text}.`;
}

/** The text of a paragraph, with its line breaks. */
function paragraphText(paragraph: Element): string {
  let [text, shifted, shift, isStruck] = ['', '', 0, false];
  const closeShifted = () => {
    const before = /(?:\p{L}+|\S)$/u.exec(text.slice(-20))?.[0] ?? '';
    if (shifted !== '') text += shift > 0 ? raised(shifted, before) : lowered(shifted, before);
    [shifted, shift] = ['', 0];
  };
  const strike = (isOn: boolean) => {
    if (isOn === isStruck) return;
    closeShifted();
    text += isOn ? '[struck out: ' : ']';
    isStruck = isOn;
  };
  const write = (element: Element): void => {
    if (localName(element) !== 'r') closeShifted();
    switch (localName(element)) {
      case 'r': {
        const content = elementsOf(element)
          .filter((child) => localName(child) === 't')
          .map(textOf)
          .join('');
        const properties = childNamed(element, 'rPr');
        const baseline = Number.parseInt(attributeOf(properties, 'baseline') ?? '0', 10) || 0;
        strike(/^(?:sng|dbl)Strike$/.test(attributeOf(properties, 'strike') ?? ''));
        // Runs that are raised one after the other are one figure.
        if (Math.sign(baseline) !== Math.sign(shift)) closeShifted();
        shift = baseline;
        if (baseline === 0) text += content;
        else shifted += content;
        break;
      }
      case 'fld':
        // The number of a slide is its place, which is told elsewhere.
        if (attributeOf(element, 'type') !== 'slidenum')
          text += elementsNamed(element, 't').map(textOf).join('');
        break;
      case 'br':
        text += '\n';
        break;
      case 'm':
        text += mathText(element);
        break;
      case 'AlternateContent':
        for (const child of elementsOf(element)) {
          if (localName(child) === 'Choice') elementsOf(child).forEach(write);
        }
        break;
    }
  };
  elementsOf(paragraph).forEach(write);
  closeShifted();
  strike(false);
  return withoutMarks(text);
}

/** The paragraphs of a shape or cell, a line each, with the numbers of their items. */
export function drawnText(body: Element): string {
  const counters: number[] = [];
  return elementsOf(body)
    .filter((child) => localName(child) === 'p')
    .map((paragraph) => {
      const text = paragraphText(paragraph).trim();
      if (text === '') return '';
      const properties = childNamed(paragraph, 'pPr');
      const level = Number(attributeOf(properties, 'lvl') ?? 0) || 0;
      const numbering = properties && childNamed(properties, 'buAutoNum');
      counters.length = Math.min(counters.length, numbering ? level + 1 : level);
      if (numbering) {
        const start = Number(attributeOf(numbering, 'startAt') ?? 1) || 1;
        counters[level] = (counters[level] ?? start - 1) + 1;
        return `${itemNumber(attributeOf(numbering, 'type') ?? '', counters[level])} ${text}`;
      }
      return properties && childNamed(properties, 'buChar') ? `- ${text}` : text;
    })
    .filter((text) => text !== '')
    .join('\n');
}

/** A table of a slide: a line a row. */
export function drawnTable(table: Element): string {
  const hanging: string[] = [];
  const rows = elementsOf(table)
    .filter((child) => localName(child) === 'tr')
    .map((row) => {
      const cells: TableCell[] = [];
      for (const cell of elementsOf(row).filter((child) => localName(child) === 'tc')) {
        const column = cells.length;
        const isCovered = attributeOf(cell, 'hMerge') === '1' || attributeOf(cell, 'hMerge') === 'true';
        const isContinued = attributeOf(cell, 'vMerge') === '1' || attributeOf(cell, 'vMerge') === 'true';
        const body = childNamed(cell, 'txBody');
        const own = body ? drawnText(body) : '';
        const text = isCovered
          ? (cells[column - 1]?.text ?? '')
          : isContinued
            ? (hanging[column] ?? '')
            : own;
        hanging[column] = text;
        cells.push({ text });
      }
      return cells;
    });
  return tableText(rows);
}

/** The values that a chart shows, as it keeps them, by their places. */
function pointsOf(holder: Element | undefined): Map<number, string> {
  const points = holder ? elementsNamed(holder, 'pt') : [];
  return new Map(
    points.map((point) => {
      const value = childNamed(point, 'v');
      return [Number(attributeOf(point, 'idx') ?? 0), value ? textOf(value).trim() : ''];
    }),
  );
}

/** A chart as a table of what it draws: a row a category, a column a series. */
export function chartText(chart: Document): string {
  const [title] = elementsNamed(chart, 'title');
  const heading = title ? elementsNamed(title, 't').map(textOf).join('').trim() : '';
  const series = elementsNamed(chart, 'ser').map((one) => ({
    name: [...pointsOf(childNamed(one, 'tx')).values()].join(' '),
    categories: pointsOf(childNamed(one, 'cat') ?? childNamed(one, 'xVal')),
    values: pointsOf(childNamed(one, 'val') ?? childNamed(one, 'yVal')),
  }));
  const indexes = new Set(
    series.flatMap(({ values, categories }) => [...values.keys(), ...categories.keys()]),
  );
  const rows = [
    ['', ...series.map(({ name }) => name)],
    ...[...indexes]
      .sort((a, b) => a - b)
      .map((index) => [
        series.find(({ categories }) => categories.has(index))?.categories.get(index) ?? '',
        ...series.map(({ values }) => values.get(index) ?? ''),
      ]),
  ];
  const table = tableText(rows.map((row) => row.map((text) => ({ text }))));
  return withoutMarks([`[Chart]${heading ? ` ${heading}` : ''}`, table].join('\n').trim());
}

/** The texts of a diagram, as its data has them. */
export function diagramText(data: Document): string {
  return elementsNamed(data, 'pt')
    .filter((point) => !/^(?:pres|parTrans|sibTrans)$/.test(attributeOf(point, 'type') ?? ''))
    .map((point) => {
      const body = childNamed(point, 't');
      return body ? drawnText(body) : '';
    })
    .filter((text) => text !== '')
    .join('\n');
}

/** What a picture or shape is said to show. */
export function descriptionOf(properties: Element | undefined): string {
  const description = (attributeOf(properties, 'descr') ?? attributeOf(properties, 'title') ?? '').trim();
  return /[\p{L}\p{N}]/u.test(description) ? `[Picture: ${withoutMarks(description)}]` : '';
}
