/** The kinds of documents that are read: pure. */

/** Kinds of documents, as a person names them. */
export type DocumentKind =
  | 'text'
  | 'markdown'
  | 'csv'
  | 'html'
  | 'pdf'
  | 'epub'
  | 'fb2'
  | 'docx'
  | 'rtf'
  | 'odt'
  | 'odp'
  | 'ods'
  | 'pptx'
  | 'xlsx'
  | 'mail'
  | 'webarchive';

/** How files of each kind are called. What a file is, its content says; names only tell kinds of text apart. */
const extensions: Readonly<Record<DocumentKind, readonly string[]>> = {
  text: ['txt', 'text', 'log', 'rst', 'org', 'adoc', 'tex', 'srt', 'vtt', 'json', 'xml', 'yaml', 'yml'],
  markdown: ['md', 'markdown'],
  csv: ['csv', 'tsv'],
  html: ['html', 'htm', 'xhtml', 'xht'],
  pdf: ['pdf'],
  epub: ['epub'],
  fb2: ['fb2'],
  docx: ['docx', 'docm', 'dotx', 'dotm'],
  rtf: ['rtf'],
  odt: ['odt', 'ott', 'fodt'],
  odp: ['odp', 'otp', 'fodp'],
  ods: ['ods', 'ots', 'fods'],
  pptx: ['pptx', 'pptm', 'ppsx', 'ppsm', 'potx'],
  xlsx: ['xlsx', 'xlsm', 'xltx'],
  mail: ['eml'],
  webarchive: ['mhtml', 'mht'],
};

/** For a file picker. */
export const pickedTypes: string = Object.values(extensions)
  .flat()
  .map((extension) => `.${extension}`)
  .join(',');

/** Whether a file's name ends as those of a kind do. */
export function isNamed(name: string, kind: DocumentKind): boolean {
  const extension = /\.([^./\\]+)$/.exec(name)?.[1]?.toLowerCase();
  return extension !== undefined && extensions[kind].includes(extension);
}

const known = new RegExp(`\\.(?:${Object.values(extensions).flat().join('|')})$`, 'i');

/** A file's name without its folder, and without its extension where that only says the kind. */
export function nameWithoutExtension(fileName: string): string {
  return fileName.replace(/^.*[/\\]/, '').replace(known, '');
}
