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
  const isTable =
    names.some((name) => /^xl\/workbook/i.test(name)) || (await mediaType(archive)).includes('spreadsheet');
  if (isTable) {
    throw new ImportError(
      'unsupported',
      'This is a spreadsheet, which cannot be read here as it is.',
      'Save the sheet that you want to ask about as CSV, then choose that file.',
    );
  }
  const isOffice = archive.has('[Content_Types].xml') || archive.has('content.xml');
  throw new ImportError(
    'unsupported',
    isOffice
      ? 'This is a presentation or drawing, or a document in another office format.'
      : 'This is an archive of files, neither an EPUB nor a DOCX.',
    isOffice ? 'Save it as PDF or DOCX, then choose that file.' : 'Unpack it and choose the document inside.',
  );
}

/** What an OpenDocument file says that it is. */
async function mediaType(archive: ZipArchive): Promise<string> {
  const bytes = await archive.read('mimetype');
  return bytes ? new TextDecoder().decode(bytes.subarray(0, 200)) : '';
}
