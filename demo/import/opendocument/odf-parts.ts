/** What an OpenDocument file consists of: packed in an archive, or flat in one XML file. */
import type { ZipArchive } from '../bytes/zip';
import { ImportError } from '../import-error';
import { mathText } from '../markup/math-text';
import {
  attributeOf,
  elementsNamed,
  elementsOf,
  parseXml,
  textOf,
  type Document,
  type Element,
} from '../markup/tree';
import { Parts } from '../office/parts';
import { tableText } from '../text/table-text';

/** See the file's header. */
export interface OdfFile {
  /** The element under `office:body`: `office:text`, `office:spreadsheet`, `office:presentation`, or another. */
  readonly body: Element;
  /** All parts that hold styles. */
  readonly parts: readonly Document[];
  /** Formulas and charts, as text, by where they are kept. */
  readonly objects: ReadonlyMap<string, string>;
  readonly title: string | undefined;
  readonly notes: readonly string[];
}

const cutOff = 'The file is cut off or damaged; what could be read of it is here.';

function bodyOf(content: Document): Element {
  const body = elementsNamed(content, 'body')[0];
  const first = body && elementsOf(body)[0];
  if (first) return first;
  throw new ImportError(
    'damaged',
    'This file is damaged: it holds no document.',
    'Download or copy it again, then choose it again.',
  );
}

/** A chart as the table that it is drawn from. */
function chartTable(chart: Document): string {
  const [table] = elementsNamed(chart, 'table');
  if (!table) return '';
  const [title] = elementsNamed(chart, 'title');
  const rows = elementsNamed(table, 'table-row').map((row) =>
    elementsOf(row).map((cell) => ({ text: textOf(cell).trim() })),
  );
  return `[Chart]${title ? ` ${textOf(title).trim()}` : ''}\n${tableText(rows)}`;
}

async function objectsOf(content: Document, parts: Parts): Promise<Map<string, string>> {
  const objects = new Map<string, string>();
  for (const object of elementsNamed(content, 'object')) {
    const name = (attributeOf(object, 'href') ?? '').replace(/^\.\//, '').replace(/\/$/, '');
    if (name === '' || objects.has(name)) continue;
    const part = await parts.read(`${name}/content.xml`, 'formulas and charts');
    if (!part) continue;
    const [formula] = elementsNamed(part, 'math');
    objects.set(name, formula ? mathText(formula) : chartTable(part));
  }
  return objects;
}

/** @throws ImportError `encrypted`, `damaged`, `too-large`; the signal's reason when aborted */
export async function openOdf(archive: ZipArchive, signal: AbortSignal | undefined): Promise<OdfFile> {
  const parts = new Parts(archive, signal);
  const manifest = await parts.read('META-INF/manifest.xml');
  const isEncrypted =
    (manifest !== undefined && elementsNamed(manifest, 'encryption-data').length > 0) ||
    archive.has('encrypted-package');
  if (isEncrypted) {
    throw new ImportError(
      'encrypted',
      'This document is protected with a password.',
      'Open it in the program that it is for, save it without a password, then choose that file.',
    );
  }
  const notes: string[] = [];
  const bytes = await archive.read('content.xml', signal);
  if (!bytes) {
    throw new ImportError(
      'damaged',
      'This file is damaged: its text is missing.',
      'Download or copy it again, then choose it again.',
    );
  }
  const content = parseXml(bytes, () => notes.push(cutOff));
  const styles = await parts.read('styles.xml', 'styles');
  const objects = await objectsOf(content, parts);
  const meta = await parts.read('meta.xml');
  const title = meta && elementsNamed(meta, 'title')[0];
  return {
    body: bodyOf(content),
    parts: [content, ...(styles ? [styles] : [])],
    objects,
    title: title && textOf(title),
    notes: [...notes, ...parts.notes],
  };
}

/** @throws ImportError `damaged` */
export function openFlatOdf(bytes: Uint8Array): OdfFile {
  const notes: string[] = [];
  const content = parseXml(bytes, () => notes.push(cutOff));
  const [meta] = elementsNamed(content, 'meta');
  const title = meta && elementsNamed(meta, 'title')[0];
  return {
    body: bodyOf(content),
    parts: [content],
    objects: new Map(),
    title: title && textOf(title),
    notes,
  };
}
