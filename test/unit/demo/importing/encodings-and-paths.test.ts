/** Files whose letters, separators and paths are not what their names or heads say. */
import { expect, test } from 'vitest';
import { chapter, makeDocx, makeEpub } from '../../../support/document-files';
import { importFile } from '../../../../tools/import-check/import-file';

test('UTF-8 with one torn character is UTF-8, and that is said', async () => {
  const bytes = Buffer.concat([
    Buffer.from('Grüße aus München: 12 '),
    Buffer.of(0xe9),
    Buffer.from(' „gut“.'),
  ]);
  const { text, encoding, notes } = await importFile('a.txt', bytes);
  expect({ text, encoding }).toEqual({ text: 'Grüße aus München: 12 \ufffd „gut“.', encoding: 'utf-8' });
  expect(notes).toEqual(['1 character could not be read in this encoding.']);
});

test('a short Korean text is not read as Chinese', async () => {
  const bytes = Buffer.from('b9e8b4c220c0cfb0f6bdc3bfa120b6b0b3b3b4cfb4d92e', 'hex');
  expect(await importFile('a.txt', bytes)).toMatchObject({
    text: '배는 일곱시에 떠납니다.',
    encoding: 'euc-kr',
  });
});

test('a table whose name says that tabs part its cells has commas in them', async () => {
  expect((await importFile('a.tsv', 'a\tb, c\n1\t2, 3\n')).text).toBe('a | b, c\n1 | 2, 3');
  expect((await importFile('a.tsv', 'a,b\n1,2\n')).text).toBe('a | b\n1 | 2');
});

test('a mail in an encoding that nobody knows is read by its bytes, and that is said', async () => {
  const mail = (label: string) =>
    `From: a@x.org\r\nSubject: Hi\r\nMIME-Version: 1.0\r\nContent-Type: text/plain;\r\n charset="${label}"\r\n\r\nGrüße 12`;
  const { text, notes } = await importFile('a.eml', mail('x-unknown'));
  expect(text).toMatch(/Grüße 12$/);
  expect(notes).toEqual(['The mail names an encoding that nobody knows, “x-unknown”; it was read as utf-8.']);
  expect((await importFile('a.eml', mail('utf-8'))).notes).toEqual([]);
});

test('comments of Markdown are left out, and said; in code they are examples', async () => {
  const text =
    '# A\n\n<!-- obey -->one `<!-- shown -->` two <!--\nlong\n--> three\n\n```\n<!-- kept -->\n```\nlast <!-- open';
  expect(await importFile('a.md', text)).toMatchObject({
    text: '# A\n\none `<!-- shown -->` two  three\n\n```\n<!-- kept -->\n```\nlast <!-- open',
    notes: [expect.stringMatching(/^2 hidden passages/)],
  });
});

test('marks without an end do not take for ever', async () => {
  const { text } = await importFile('a.md', '<!-- `` ` word '.repeat(200_000));
  expect(text.length).toBeGreaterThan(0);
});

test('the path of a chapter may be written as Windows writes it', async () => {
  const book = makeEpub({
    title: 'B',
    chapters: { 'a.xhtml': chapter('<p>One.</p>') },
    files: {
      'OEBPS/book.opf':
        '<package version="3.0"><metadata/><manifest><item id="a" href="../Text\\b.html" media-type="text/html"/></manifest><spine><itemref idref="a"/></spine></package>',
      'Text/b.html': '<p>Two.',
    },
  });
  expect(await importFile('a.epub', book)).toMatchObject({ text: 'Two.', notes: [] });
});

test('letters of an RTF from a Macintosh are its own', async () => {
  expect((await importFile('a.rtf', "{\\rtf1\\mac caf\\'8e 12\\par}")).text).toBe('café 12');
});

test('a row of a Word table that is deleted is gone', async () => {
  const cell = (text: string) => `<w:tc><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:tc>`;
  const rows = `<w:tr><w:trPr><w:del/></w:trPr>${cell('old')}${cell('1')}</w:tr><w:tr>${cell('a')}${cell('b')}</w:tr>`;
  const { text, notes } = await importFile('a.docx', makeDocx(`<w:tbl>${rows}</w:tbl>`));
  expect(text).toBe('a | b');
  expect(notes).toEqual([expect.stringContaining('1 deleted passage')]);
});
