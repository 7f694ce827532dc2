/** Files that are protected, or packed in an unusual way. */
import { expect, test, vi } from 'vitest';
import { makePdf } from '../../../support/document-files';
import { importFile } from '../../../../tools/import-check/import-file';
import { makeOle, makeZip64, protectPdf, protectPdfByAes } from '../../../support/odd-files';

// The first PDF brings pdf.js, which takes a busy machine a while to load.
vi.setConfig({ testTimeout: 120_000 });

test.each([
  ['RC4', protectPdf],
  ['AES with 256 bits', protectPdfByAes],
])(
  'a PDF with a password, by %s, opens with it, and says whether one is missing or wrong',
  async (_, protect) => {
    const pages = [[{ text: 'The berth costs nine crowns.', y: 700 }]];
    const file = makePdf({ pages, password: 'quay 7', protect });
    await expect(importFile('a.pdf', file)).rejects.toMatchObject({
      code: 'encrypted',
      hasPassword: true,
      message: 'This PDF is protected with a password.',
    });
    await expect(importFile('a.pdf', file, { password: 'quay 8' })).rejects.toMatchObject({
      code: 'encrypted',
      hasPassword: true,
      message: 'This is not the password of this PDF.',
    });
    const { text } = await importFile('a.pdf', file, { password: 'quay 7' });
    expect(text).toBe('The berth costs nine crowns.');
  },
);

test('an archive whose sizes are in 64-bit fields is read', async () => {
  const body = '<w:document><w:body><w:p><w:r><w:t>Sixty-four.</w:t></w:r></w:p></w:body></w:document>';
  const file = makeZip64({ '[Content_Types].xml': '<Types/>', 'word/document.xml': body });
  expect(await importFile('a.docx', file)).toMatchObject({ text: 'Sixty-four.', notes: [] });
});

test.each([
  ['EncryptedPackage', 'encrypted', 'password'],
  ['WordDocument', 'unsupported', 'DOCX'],
  ['Workbook', 'unsupported', 'XLSX'],
  ['PowerPoint Document', 'unsupported', 'PPTX'],
  ['Contents', 'unsupported', 'PDF or DOCX'],
])('a container of Office with %s is refused as %s, with a step', async (stream, code, step) => {
  await expect(importFile('a.docx', makeOle(stream))).rejects.toMatchObject({
    code,
    step: expect.stringContaining(step),
  });
});
