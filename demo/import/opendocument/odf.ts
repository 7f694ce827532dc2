/** OpenDocument's texts, presentations and spreadsheets, as LibreOffice and others write them. */
import type { ZipArchive } from '../bytes/zip';
import { placeMark, type ExtractedText, type ImportOptions } from '../document';
import { ImportError } from '../import-error';
import type { DocumentKind } from '../kinds';
import { attributeOf, elementsNamed, elementsOf, textOf, type Element } from '../markup/tree';
import { changesNote, countNote, hiddenNote, leftOutNote, listNumbers, namesNote } from '../notes';
import { sheetTables } from '../sheets/sheet-text';
import { withoutMarks } from '../text/tidy-text';
import { readSheet } from './odf-cells';
import { openFlatOdf, openOdf, type OdfFile } from './odf-parts';
import { OdfCounter, OdfStyles } from './odf-styles';
import { odfText, type OdfContext } from './odf-text';

type KindedText = ExtractedText & { readonly kind: DocumentKind };

/** What was typed into fields of forms, by their ids. */
function controlsOf(body: Element): ReadonlyMap<string, string> {
  const controls = new Map<string, string>();
  for (const forms of elementsNamed(body, 'forms')) {
    for (const control of elementsNamed(forms, 'text', 'textarea', 'combobox', 'checkbox', 'radio', 'date')) {
      const id = control.attribs['xml:id'] ?? control.attribs['form:id'] ?? '';
      const state = attributeOf(control, 'current-state') ?? attributeOf(control, 'current-selected');
      const value = attributeOf(control, 'current-value') ?? attributeOf(control, 'value') ?? '';
      const label = (attributeOf(control, 'label') ?? '').trim();
      const isTicked = /^(?:checked|true)$/.test(state ?? attributeOf(control, 'state') ?? '');
      const isBox = control.name === 'form:checkbox' || control.name === 'form:radio';
      controls.set(id, isBox ? ` [${isTicked ? 'x' : ' '}] ${label} ` : ` ${value} `);
    }
  }
  return controls;
}

function contextOf({ body, parts, objects }: OdfFile): OdfContext {
  return {
    styles: new OdfStyles(parts),
    outline: new OdfCounter(),
    labels: [],
    notes: [],
    comments: [],
    counts: { numHidden: 0, numDeleted: 0 },
    objects,
    controls: controlsOf(body),
  };
}

/** Heads and feet of pages, each text once; page numbers alone are none. */
function marginTexts({ parts }: OdfFile, context: OdfContext): string[] {
  const texts = new Set<string>();
  for (const master of parts.flatMap((part) => elementsNamed(part, 'master-page'))) {
    for (const element of elementsOf(master)) {
      const what = /^style:(header|footer)/.exec(element.name)?.[1];
      if (what === undefined || attributeOf(element, 'display') === 'false') continue;
      const text = odfText(element, { ...context, labels: [] }).trim();
      if (/\p{L}|\d{3}/u.test(text)) texts.add(`[Page ${what}] ${withoutMarks(text)}`);
    }
  }
  return [...texts];
}

function readText(file: OdfFile): KindedText {
  const context = contextOf(file);
  const text = odfText(file.body, context);
  const beside = [...context.notes, ...context.comments, ...marginTexts(file, context)];
  return {
    kind: 'odt',
    text: [text, ...beside.map(withoutMarks)].filter((part) => part !== '').join('\n\n'),
    labels: context.labels,
    titles: [file.title],
    notes: [
      ...file.notes,
      ...hiddenNote(context.counts.numHidden),
      ...changesNote(context.counts.numDeleted),
    ],
  };
}

function readSlides(file: OdfFile): KindedText {
  const context = contextOf(file);
  const texts: string[] = [];
  const labels: string[] = [];
  const [hidden, empty]: [number[], number[]] = [[], []];
  const pages = elementsNamed(file.body, 'page').filter(({ name }) => name === 'draw:page');
  for (const [index, page] of pages.entries()) {
    const number = index + 1;
    if (!context.styles.of('drawing-page', attributeOf(page, 'style-name')).isShown) {
      hidden.push(number);
      continue;
    }
    context.comments.length = 0;
    const own = { ...context, labels: [] };
    const frames = elementsNamed(page, 'frame');
    const titled = frames.find((frame) =>
      /^(?:title|subtitle)$/.test(frame.attribs['presentation:class'] ?? ''),
    );
    const title = titled ? textOf(titled).replace(/\s+/g, ' ').trim() : '';
    const text = withoutMarks(odfText(page, own)).trim();
    const [notes] = elementsNamed(page, 'notes');
    const said = notes ? withoutMarks(odfText(notes, own)).trim() : '';
    const blocks = [text, said && `[Speaker notes] ${said}`, ...context.comments].filter(Boolean);
    if (blocks.length === 0) {
      empty.push(number);
      continue;
    }
    labels.push(title ? `slide ${number} · ${title}` : `slide ${number}`);
    texts.push(placeMark + blocks.join('\n\n'));
  }
  const feet = elementsNamed(file.body, 'footer-decl', 'header-decl')
    .map((element) => textOf(element).trim())
    .filter((text) => text !== '')
    .map((text) => `[Page footer] ${text}`);
  return {
    kind: 'odp',
    text: [...texts, ...[...context.notes, ...new Set(feet)].map(withoutMarks)].join('\n\n'),
    labels,
    titles: [file.title],
    notes: [
      ...file.notes,
      ...leftOutNote(hidden, 'hidden slide', 'hidden slides'),
      ...hiddenNote(context.counts.numHidden),
      ...(empty.length > 0
        ? [`Slides without text, which may be pictures: ${listNumbers(empty)} of ${pages.length}.`]
        : []),
    ],
  };
}

function readSheets(file: OdfFile): KindedText {
  const context = contextOf(file);
  const isShown = (sheet: Element) => context.styles.of('table', attributeOf(sheet, 'style-name')).isShown;
  const nameOf = (sheet: Element) => withoutMarks(attributeOf(sheet, 'name') ?? '').trim();
  const sheets = elementsOf(file.body).filter(({ name }) => name === 'table:table');
  const shown = sheets.filter(isShown);
  const texts: string[] = [];
  const labels: string[] = [];
  const notes: string[] = [];
  for (const sheet of shown) {
    const name = nameOf(sheet);
    context.comments.length = 0;
    const { cells, merged, numHiddenRows, numHiddenColumns, drawn } = readSheet(sheet, context);
    notes.push(
      ...countNote(numHiddenRows, 'hidden row', 'hidden rows', name),
      ...countNote(numHiddenColumns, 'hidden column', 'hidden columns', name),
    );
    const blocks = [...sheetTables(cells, merged), ...drawn, ...context.comments.map(withoutMarks)];
    if (blocks.length === 0) continue;
    labels.push(name);
    texts.push(placeMark + (shown.length > 1 ? [name, ...blocks] : blocks).join('\n\n'));
  }
  const hidden = sheets.filter((sheet) => !isShown(sheet)).map(nameOf);
  return {
    kind: 'ods',
    text: texts.join('\n\n'),
    labels,
    titles: [file.title],
    notes: [
      ...file.notes,
      ...namesNote(hidden, 'hidden sheet', 'hidden sheets'),
      ...notes,
      ...hiddenNote(context.counts.numHidden),
    ],
  };
}

function read(file: OdfFile): KindedText {
  switch (file.body.name) {
    case 'office:text':
      return readText(file);
    case 'office:presentation':
      return readSlides(file);
    case 'office:spreadsheet':
      return readSheets(file);
    default:
      throw new ImportError(
        'unsupported',
        'This is a drawing or chart, which is read here only where it stands in a document.',
        'Save it as PDF, then choose that file.',
      );
  }
}

/** @throws ImportError; the signal's reason when aborted */
export async function readOdf(archive: ZipArchive, { signal }: ImportOptions): Promise<KindedText> {
  return read(await openOdf(archive, signal));
}

/** One XML file that holds all of it. @throws ImportError */
export function readFlatOdf(bytes: Uint8Array): KindedText {
  return read(openFlatOdf(bytes));
}
