/** Small PDF, EPUB and DOCX files, made by the tests that read them. */
import { strToU8, zipSync, type Zippable } from 'fflate';
import { protectPdf, type PdfProtection } from './odd-files';

/** A line of text on a page, in points from the lower left corner. */
export interface PlacedLine {
  readonly text: string;
  readonly x?: number;
  readonly y: number;
  readonly size?: number;
  /** Operators that come before it, such as a colour. */
  readonly operators?: string;
}

/** How to make a PDF. */
export interface PdfParts {
  readonly pages: readonly (readonly PlacedLine[])[];
  /** Operators that paint what is under the text of each page. */
  readonly paintings?: readonly string[];
  readonly title?: string;
  /** Further entries of the catalog, such as an action. */
  readonly catalog?: string;
  /** Further entries of the trailer, such as encryption. */
  readonly trailer?: string;
  /** What opens it; its title is not given then. */
  readonly password?: string;
  /** How it is encrypted then. */
  readonly protect?: (password: string) => PdfProtection;
}

const escapePdf = (text: string) => text.replace(/[\\()]/g, '\\$&');

/** A PDF with Helvetica text in windows-1252. */
export function makePdf({
  pages,
  paintings = [],
  title,
  catalog = '',
  trailer = '',
  password,
  protect = protectPdf,
}: PdfParts): Uint8Array<ArrayBuffer> {
  const protection = password === undefined ? undefined : protect(password);
  const objects = [
    `<< /Type /Catalog /Pages 2 0 R ${catalog} >>`,
    `<< /Type /Pages /Kids [${pages.map((_, i) => `${5 + 2 * i} 0 R`).join(' ')}] /Count ${pages.length} >>`,
    '<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica /Encoding /WinAnsiEncoding >>',
    `<< ${title === undefined ? '' : `/Title (${escapePdf(title)})`} >>`,
  ];
  for (const [index, lines] of pages.entries()) {
    const texts = lines
      .map(
        ({ text, x = 72, y, size = 12, operators = '' }) =>
          `${operators} BT /F1 ${size} Tf ${x} ${y} Td (${escapePdf(text)}) Tj ET`,
      )
      .join('\n');
    const plain = `${paintings[index] ?? ''}\n${texts}`;
    const content = protection?.encrypt(6 + 2 * index, plain) ?? plain;
    objects.push(
      `<< /Type /Page /Parent 2 0 R /MediaBox [0 0 612 792] /Contents ${6 + 2 * index} 0 R ` +
        '/Resources << /Font << /F1 3 0 R >> >> >>',
      `<< /Length ${content.length} >>\nstream\n${content}\nendstream`,
    );
  }
  let file = '%PDF-1.7\n';
  const offsets = objects.map((object, index) => {
    const offset = file.length;
    file += `${index + 1} 0 obj\n${object}\nendobj\n`;
    return offset;
  });
  const start = file.length;
  const rows = offsets.map((offset) => `${String(offset).padStart(10, '0')} 00000 n \n`).join('');
  file += `xref\n0 ${objects.length + 1}\n0000000000 65535 f \n${rows}`;
  file += `trailer\n<< /Size ${objects.length + 1} /Root 1 0 R /Info 4 0 R ${trailer} ${protection?.trailer ?? ''} >>\nstartxref\n${start}\n%%EOF\n`;
  return new Uint8Array(Buffer.from(file, 'latin1'));
}

const zip = (files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> => {
  const entries: Zippable = Object.fromEntries(
    Object.entries(files).map(([name, text]) => [name, strToU8(text)]),
  );
  return new Uint8Array(zipSync(entries));
};

/** How to make an EPUB. */
export interface EpubParts {
  readonly title: string;
  /** Whole chapter files by their path beside the package file, in reading order. */
  readonly chapters: Readonly<Record<string, string>>;
  /** Further entries, or other ones in the place of those made here. */
  readonly files?: Readonly<Record<string, string>>;
}

/** A chapter as XHTML around a body. */
export const chapter = (body: string, head = '') =>
  `<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE html>\n<html xmlns="http://www.w3.org/1999/xhtml"><head><title>-</title>${head}</head><body>${body}</body></html>`;

/** An EPUB whose package file lies in a folder, as it does in most. */
export function makeEpub({ title, chapters, files = {} }: EpubParts): Uint8Array<ArrayBuffer> {
  const paths = Object.keys(chapters);
  const items = paths.map(
    (path, i) => `<item id="c${i}" href="${encodeURI(path)}" media-type="application/xhtml+xml"/>`,
  );
  const spine = paths.map((_, i) => `<itemref idref="c${i}"/>`);
  return zip({
    mimetype: 'application/epub+zip',
    'META-INF/container.xml':
      '<container xmlns="urn:oasis:names:tc:opendocument:xmlns:container" version="1.0"><rootfiles>' +
      '<rootfile full-path="OEBPS/book.opf" media-type="application/oebps-package+xml"/></rootfiles></container>',
    'OEBPS/book.opf':
      '<package xmlns="http://www.idpf.org/2007/opf" version="3.0"><metadata xmlns:dc="http://purl.org/dc/elements/1.1/">' +
      `<dc:title>${title}</dc:title></metadata><manifest>${items.join('')}</manifest><spine>${spine.join('')}</spine></package>`,
    ...Object.fromEntries(paths.map((path) => [`OEBPS/${path}`, chapters[path]!])),
    ...files,
  });
}

const wordNamespace = 'xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"';

/** A DOCX around the content of `w:body`. */
export function makeDocx(
  body: string,
  files: Readonly<Record<string, string>> = {},
): Uint8Array<ArrayBuffer> {
  return zip({
    '[Content_Types].xml': '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>',
    'word/document.xml': `<?xml version="1.0"?><w:document ${wordNamespace}><w:body>${body}</w:body></w:document>`,
    ...files,
  });
}

/** Notes of a DOCX, for `word/footnotes.xml`. */
export const footnotes = (content: string) => `<w:footnotes ${wordNamespace}>${content}</w:footnotes>`;

/** A ZIP archive of texts. */
export const makeZip = zip;
