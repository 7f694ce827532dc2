/** Excel's workbooks: each sheet as tables of what its cells display, with comments and the texts that lie over it. */
import { declaredEncoding, decodeText } from '../bytes/decode-text';
import type { ZipArchive } from '../bytes/zip';
import { placeMark, type ExtractedText, type ImportOptions } from '../document';
import { ImportError } from '../import-error';
import { attributeOf, childNamed, elementsNamed, elementsOf, localName, textOf } from '../markup/tree';
import type { Document, Element } from '../markup/tree';
import { countNote, damageNote, hiddenNote, namesNote } from '../notes';
import { descriptionOf, drawnText } from '../office/drawing-text';
import { Parts, type Relation } from '../office/parts';
import { lowered, raised } from '../text/raised';
import { withoutMarks } from '../text/tidy-text';
import { CellFormats } from './cell-formats';
import { readCells } from './sheet-cells';
import { sheetTables } from './sheet-text';

interface Sheet {
  readonly name: string;
  readonly part: string;
  readonly isHidden: boolean;
}

/** A text of runs, without the help for reading it that East Asian scripts have. */
function richText(element: Element): string {
  let text = '';
  for (const child of elementsOf(element)) {
    if (localName(child) === 't') text += textOf(child);
    if (localName(child) !== 'r') continue;
    const run = childNamed(child, 't');
    const content = run ? textOf(run) : '';
    const properties = childNamed(child, 'rPr');
    const place = attributeOf(properties && childNamed(properties, 'vertAlign'), 'val');
    const before = /(?:\p{L}+|\S)$/u.exec(text.slice(-20))?.[0] ?? '';
    if (place === 'superscript') text += raised(content, before);
    else if (place === 'subscript') text += lowered(content, before);
    else text += content;
  }
  return text;
}

const isOn = (value: string | undefined) => value === '1' || value === 'true';

function sheetsOf(workbook: Document, relations: ReadonlyMap<string, Relation>): Sheet[] {
  return elementsNamed(workbook, 'sheet').flatMap((sheet) => {
    const relation = relations.get(attributeOf(sheet, 'r:id') ?? attributeOf(sheet, 'id') ?? '');
    if (!relation) return [];
    const name = withoutMarks(attributeOf(sheet, 'name') ?? '').trim();
    const isHidden = /hidden$/i.test(attributeOf(sheet, 'state') ?? '');
    return [{ name, part: relation.target, isHidden }];
  });
}

/** Comments on cells; of those that have answers the plain copy is left out. */
async function commentsOf(relations: Iterable<Relation>, parts: Parts): Promise<string[]> {
  const all = [...relations];
  const threaded = all.filter(({ type }) => type === 'threadedComment');
  const people = new Map<string, string>();
  if (threaded.length > 0) {
    for (const name of parts.named(/^xl\/persons\/.*\.xml$/i)) {
      const part = await parts.read(name, 'names of commenters');
      for (const person of part ? elementsNamed(part, 'person') : []) {
        people.set(attributeOf(person, 'id') ?? '', attributeOf(person, 'displayName') ?? '');
      }
    }
  }
  const found: string[] = [];
  for (const { target } of threaded.length > 0 ? threaded : all.filter(({ type }) => type === 'comments')) {
    const part = await parts.read(target, 'comments');
    if (!part) continue;
    const authors = elementsNamed(part, 'author').map(textOf);
    for (const comment of elementsNamed(part, 'comment', 'threadedComment')) {
      const body = childNamed(comment, 'text');
      const author = (
        people.get(attributeOf(comment, 'personId') ?? '') ??
        authors[Number(attributeOf(comment, 'authorId') ?? NaN)] ??
        ''
      ).trim();
      const whole = body ? (localName(comment) === 'comment' ? richText(body) : textOf(body)) : '';
      // Excel writes the author's name before the text, too.
      const text = whole
        .trim()
        .replace(author ? `${author}:` : '\0', '')
        .replace(/\s+/g, ' ')
        .trim();
      if (text === '') continue;
      const place = attributeOf(comment, 'ref') ?? '';
      found.push(withoutMarks(`[Comment on ${place}${author ? ` by ${author}` : ''}] ${text}`));
    }
  }
  return found;
}

/** What charts are called; their values are those of cells. */
async function chartTitles(drawing: string, parts: Parts): Promise<string[]> {
  const found: string[] = [];
  for (const { type, target } of (await parts.relationsOf(drawing)).values()) {
    const chart = /^chart(?:Ex)?$/.test(type) ? await parts.read(target, 'charts') : undefined;
    const titles = (chart ? elementsNamed(chart, 'title') : [])
      .map((title) => elementsNamed(title, 't', 'v').map(textOf).join('').replace(/\s+/g, ' ').trim())
      .filter((title) => title !== '');
    if (titles.length > 0) found.push(`[Chart] ${titles.join(' · ')}`);
  }
  return found;
}

/** Text boxes, described pictures and titles of charts that lie over a sheet. */
async function drawingsOf(relations: Iterable<Relation>, parts: Parts): Promise<string[]> {
  const found: string[] = [];
  for (const { type, target } of relations) {
    const part = type === 'drawing' ? await parts.read(target, 'drawings') : undefined;
    if (!part) continue;
    for (const shape of elementsNamed(part, 'sp', 'pic')) {
      const body = childNamed(shape, 'txBody');
      const text = body ? drawnText(body) : '';
      if (text !== '') found.push(`[Text box] ${text}`);
      else found.push(descriptionOf(elementsNamed(shape, 'cNvPr')[0]));
    }
    found.push(...(await chartTitles(target, parts)));
  }
  return found.filter((text) => text !== '').map(withoutMarks);
}

/** @throws ImportError; the signal's reason when aborted */
export async function readXlsx(
  archive: ZipArchive,
  { signal, onProgress }: ImportOptions,
): Promise<ExtractedText> {
  const parts = new Parts(archive, signal);
  const [main] = parts.named(/^xl\/workbook\d*\.xml$/i);
  const workbook = main === undefined ? undefined : await parts.read(main);
  if (main === undefined || !workbook) {
    throw new ImportError(
      'unsupported',
      'This workbook is in a binary format or damaged, so it cannot be read here.',
      'Save it as XLSX, then choose that file.',
    );
  }
  const relations = await parts.relationsOf(main);
  const partOf = (type: string) => [...relations.values()].find((relation) => relation.type === type)?.target;
  const optional = async (type: string, what: string) => {
    const name = partOf(type);
    return name === undefined ? undefined : parts.read(name, what);
  };
  const sharedPart = await optional('sharedStrings', 'texts of the cells');
  const shared = sharedPart ? elementsNamed(sharedPart, 'si').map(richText) : [];
  const is1904 = isOn(attributeOf(elementsNamed(workbook, 'workbookPr')[0], 'date1904'));
  const formats = new CellFormats(await optional('styles', 'formats of numbers and dates'), is1904);

  const sheets = sheetsOf(workbook, relations);
  const shown = sheets.filter(({ isHidden }) => !isHidden);
  const texts: string[] = [];
  const labels: string[] = [];
  const notes: string[] = [];
  let [numHidden, numFormulas, numDamaged] = [0, 0, 0];
  for (const [index, { name, part }] of shown.entries()) {
    onProgress?.({ phase: 'reading', unit: 'sheets', numDone: index, numTotal: shown.length });
    const bytes = await parts.bytes(part);
    if (!bytes) {
      numDamaged++;
      continue;
    }
    const source = decodeText(bytes, declaredEncoding(bytes)).text;
    const sheet = readCells(source, shared, formats);
    const beside = [...(await parts.relationsOf(part)).values()];
    const blocks = [
      ...sheetTables(sheet.cells, sheet.merged),
      ...(await drawingsOf(beside, parts)),
      ...(await commentsOf(beside, parts)),
      ...sheet.margins.map(withoutMarks),
    ];
    numHidden += sheet.numHidden;
    numFormulas += sheet.numFormulas;
    notes.push(
      ...countNote(sheet.hiddenRows.size, 'hidden row', 'hidden rows', name),
      ...countNote(sheet.hiddenColumns.size, 'hidden column', 'hidden columns', name),
    );
    if (blocks.length === 0) continue;
    labels.push(name);
    // Which sheet a table is from is part of what it says.
    texts.push(placeMark + (shown.length > 1 ? [name, ...blocks] : blocks).join('\n\n'));
  }
  const hidden = sheets.filter(({ isHidden }) => isHidden).map(({ name }) => name);
  const properties = await parts.read('docProps/core.xml', 'properties');
  return {
    text: texts.join('\n\n'),
    labels,
    titles: properties ? elementsNamed(properties, 'title').map(textOf) : [],
    notes: [
      ...parts.notes,
      ...damageNote(numDamaged, shown.length, 'sheets'),
      ...namesNote(hidden, 'hidden sheet', 'hidden sheets'),
      ...notes,
      ...hiddenNote(numHidden),
      ...uncomputedNote(numFormulas),
    ],
  };
}

function uncomputedNote(count: number): string[] {
  if (count === 0) return [];
  return [
    `The file has no values for ${count} of its formulas, which stand in their place. Open and save it in a spreadsheet to compute them.`,
  ];
}
