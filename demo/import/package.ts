/** ZIP archives that are documents: EPUB and DOCX. */
import { readDocx } from './docx';
import { readEpub } from './epub';
import type { DocumentKind, ExtractedText, ImportOptions } from './import-document';
import { ImportError } from './import-error';
import { ZipArchive } from './zip';

/** @throws ImportError; the signal's reason when aborted */
export async function readPackage(
  bytes: Uint8Array<ArrayBuffer>,
  options: ImportOptions,
): Promise<ExtractedText & { kind: DocumentKind }> {
  const archive = new ZipArchive(bytes);
  if (archive.has('META-INF/container.xml')) return { kind: 'epub', ...(await readEpub(archive, options)) };
  const names = [...archive.names];
  if (names.some((name) => /^word\/document\d*\.xml$/i.test(name))) {
    return { kind: 'docx', ...(await readDocx(archive, options)) };
  }
  const isOffice = archive.has('[Content_Types].xml') || archive.has('content.xml');
  throw new ImportError(
    'unsupported',
    isOffice
      ? 'This is a table, presentation or drawing, or a document in another office format.'
      : 'This is an archive of files, neither an EPUB nor a DOCX.',
    isOffice ? 'Save it as PDF or DOCX, then choose that file.' : 'Unpack it and choose the document inside.',
  );
}
