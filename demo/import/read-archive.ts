/** ZIP archives that are documents: books, and what word processors and presentations save. */
import { ZipArchive } from './bytes/zip';
import type { ExtractedText, ImportOptions } from './document';
import { ImportError } from './import-error';
import type { DocumentKind } from './kinds';

/** @throws ImportError; the signal's reason when aborted */
export async function readArchive(
  bytes: Uint8Array<ArrayBuffer>,
  options: ImportOptions,
): Promise<ExtractedText & { readonly kind: DocumentKind }> {
  const archive = new ZipArchive(bytes);
  const names = [...archive.names];
  if (archive.has('META-INF/container.xml')) {
    return { kind: 'epub', ...(await (await import('./books/epub')).readEpub(archive, options)) };
  }
  if (names.some((name) => /^word\/document\d*\.xml$/i.test(name))) {
    return { kind: 'docx', ...(await (await import('./word/docx')).readDocx(archive, options)) };
  }
  const books = names.filter((name) => /\.fb2$/i.test(name));
  if (books.length === 1) {
    const book = (await archive.read(books[0]!, options.signal))!;
    return { kind: 'fb2', ...(await import('./books/fb2')).readFictionBook(book) };
  }
  if (names.some((name) => /^ppt\/(?:presentation|slides\/slide\d+)\.xml$/i.test(name))) {
    return { kind: 'pptx', ...(await (await import('./slides/pptx')).readPptx(archive, options)) };
  }
  if (names.some((name) => /^xl\/workbook/i.test(name))) {
    return { kind: 'xlsx', ...(await (await import('./sheets/xlsx')).readXlsx(archive, options)) };
  }
  if (archive.has('content.xml') || archive.has('encrypted-package')) {
    return (await import('./opendocument/odf')).readOdf(archive, options);
  }
  const isOffice = archive.has('[Content_Types].xml');
  throw new ImportError(
    'unsupported',
    isOffice
      ? 'This is a drawing, or a document in another office format.'
      : 'This is an archive of files, not a document.',
    isOffice ? 'Save it as PDF or DOCX, then choose that file.' : 'Unpack it and choose the document inside.',
  );
}
