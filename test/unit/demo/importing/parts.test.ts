import { expect, test } from 'vitest';
import { declaredEncoding, decodeText, isBinary } from '../../../../demo/import/bytes/decode-text';
import { sniff } from '../../../../demo/import/bytes/sniff';
import { resolveEntry } from '../../../../demo/import/books/epub';
import { nameWithoutExtension, pickedTypes } from '../../../../demo/import/kinds';
import { listNumbers } from '../../../../demo/import/notes';
import { joinLines } from '../../../../demo/import/pdf/join-lines';
import type { PdfItem } from '../../../../demo/import/pdf/page-items';
import { pdfText } from '../../../../demo/import/pdf/pdf-text';
import { markHeadings } from '../../../../demo/import/text/plain';
import { chooseTitle, tidyPlaces, tidyText } from '../../../../demo/import/text/tidy-text';
import { safeAddress } from '../../../../demo/markdown';

const latin = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

const textOf = (bytes: Uint8Array, label?: string, chosen?: string) => decodeText(bytes, label, chosen).text;

test('bytes are decoded by their mark, as UTF-8, by a label that makes sense of them, and by their letters', () => {
  expect(textOf(new Uint8Array([0xfe, 0xff, 0, 0x41]))).toBe('A');
  expect(textOf(latin('\xef\xbb\xbfA'), 'windows-1252')).toBe('\ufeffA'.slice(1));
  expect(textOf(new Uint8Array([0xe0]), 'windows-1251')).toBe('а');
  expect(textOf(latin('caf\xe9'))).toBe('café');
  expect(textOf(latin('caf\xe9'), 'no-such-encoding')).toBe('café');
  expect(textOf(Buffer.from('fährt'), 'gb2312')).toBe('fährt');
  expect(textOf(Buffer.from('The ferry leaves.', 'utf16le'))).toBe('The ferry leaves.');
  expect(textOf(latin('caf\xe9'), undefined, 'windows-1251')).toBe('cafй');
  const torn = Buffer.concat([
    Buffer.from('Zwölf Käse für die schöne Fähre über den Öresund äöü ß'),
    Buffer.from([0xe2]),
  ]);
  expect(decodeText(torn)).toMatchObject({ encoding: 'utf-8', isGuess: false });
  expect(declaredEncoding(latin('<meta charset="iso-8859-2">'))).toBe('iso-8859-2');
  expect(declaredEncoding(latin("<?xml version='1.0' encoding='utf-16'?>"))).toBe('utf-8');
  expect([isBinary(latin('a\0')), isBinary(latin('\xff\xfea\0'))]).toEqual([true, false]);
  expect(isBinary(latin(`10:00 started\n${'\0'.repeat(8)}10:01 stopped`))).toBe(false);
});

/** Bytes of a text in an encoding of one byte a letter. */
function encodeAs(label: string, text: string): Uint8Array {
  const decoder = new TextDecoder(label);
  const letters = Array.from({ length: 256 }, (_, byte) => decoder.decode(Uint8Array.of(byte)));
  return Uint8Array.from(text, (letter) => letters.indexOf(letter));
}

test.each([
  ['koi8-u', 'Доглядач маяка щовечора записував висоту припливу. Пором коштує девять крон, її ґанок.'],
  ['ibm866', 'Смотритель маяка каждый вечер записывал высоту прилива в книгу.'],
  ['x-mac-cyrillic', 'Смотритель маяка каждый вечер записывал высоту прилива в книгу.'],
  ['windows-1253', 'Ο φαροφύλακας έγραφε κάθε βράδυ το ύψος της παλίρροιας. Άγιος'],
  ['macintosh', 'Le café coûte neuf écus — “été”.'],
])('the letters of a text tell that it is in %s', (label, text) => {
  expect(decodeText(encodeAs(label, text))).toMatchObject({ text, encoding: label, isGuess: true });
});

test('short Chinese texts, Japanese with escapes, and East Asian UTF-16 without a mark are told', () => {
  expect(decodeText(Buffer.from('b6c9c2d6b7d1cac7bec5d4aa', 'hex'))).toMatchObject({
    text: '渡轮费是九元',
    encoding: 'gb18030',
  });
  const escaped = latin('\x1b$B9A$NEtBf\x1b(B 9');
  expect(decodeText(escaped)).toMatchObject({ text: '港の灯台 9', encoding: 'iso-2022-jp' });
  const keeper = '港の灯台守は毎晩、潮の高さを帳面に書き残した。';
  const units = Buffer.from(keeper, 'utf16le');
  expect(isBinary(units)).toBe(false);
  expect(textOf(units)).toBe(keeper);
  expect(textOf(units.swap16())).toBe(keeper);
});

test('text is made tidy, and keeps its indentation and emoji', () => {
  expect(tidyText('\n\n a \r\nb\u00ad\u200bc\u0007\r\r\n\r\nd\u00a0e\fg\n')).toBe(' a\nbc\n\nd e\n\ng');
  expect(tidyText('👩\u200d🚀')).toBe('👩\u200d🚀');
});

test('titles are the first candidate that says something, on one line', () => {
  expect(chooseTitle(undefined, ' -- ', ' A\n b ', 'c')).toBe('A b');
  expect(chooseTitle('', null)).toBe('Untitled');
  expect(chooseTitle('x'.repeat(500))).toHaveLength(120);
  expect(nameWithoutExtension('a/b.c.eml')).toBe('b.c');
  expect(pickedTypes.split(',')).toEqual(
    expect.arrayContaining(['.pdf', '.mhtml', '.fb2', '.csv', '.log', '.rtf', '.fodt', '.xlsx']),
  );
  expect(nameWithoutExtension('C:\\docs\\My.Report.PDF')).toBe('My.Report');
});

test.each([
  ['%PDF-1.4', 'a.txt', '', 'pdf'],
  ['PK\x03\x04', 'a.pdf', '', 'zip'],
  [' <?xml version="1.0"?><!-- c --><html>', 'a', '', 'html'],
  ['<p>one', 'a.html', '', 'html'],
  ['a <b c', 'a.txt', '', 'text'],
  ['# a', 'a.MD', '', 'markdown'],
  ['# a', 'a', 'text/markdown; charset=utf-8', 'markdown'],
  ['A file that begins with %PDF- is a PDF.', 'a.txt', '', 'text'],
  ['junk\n%PDF-1.4\n1 0 obj\nstartxref\n9\n%%EOF\n', 'a', '', 'pdf'],
  ['a,b\n1,2', 'a.csv', '', 'csv'],
  ['<?xml version="1.0"?><FictionBook>', 'a.xml', '', 'fb2'],
  ['<?xml version="1.0"?>\n<office:document>', 'a.fodt', '', 'flat-odf'],
  ['{\\rtf1 a}', 'a.doc', '', 'rtf'],
  ['From: a@b.c\nDate: x\nMIME-Version: 1.0\n\nHi', 'a', '', 'mail'],
  ['From: the harbour master\nTo: all\n\nA memo.', 'a.txt', '', 'text'],
  ['Subject: a\n\nHi', 'a.eml', '', 'mail'],
])('%j as %s (%s) is %s', (content, name, type, kind) => {
  expect(sniff(latin(content), name, type)).toBe(kind);
});

test('what only looks like a document by its name is refused with a step', () => {
  for (const content of ['\xd0\xcf\x11\xe0', 'a\0b', '\x89PNG', `${'x'.repeat(60)}BOOKMOBI`]) {
    expect(() => sniff(latin(content), 'a.txt')).toThrow(
      expect.objectContaining({ code: 'unsupported', step: expect.stringMatching(/\.$/) }),
    );
  }
});

test('what a text begins with is told of texts that are made to be divided in many ways', () => {
  expect(sniff(latin(`${'<!---->'.repeat(500)}x`), 'a.txt')).toBe('text');
  expect(sniff(latin(`${'<!-- a -->'.repeat(300)}<html>`), 'a.txt')).toBe('html');
  expect(markHeadings(`# ${'#'.repeat(300_000)}${' \t'.repeat(300_000)}x`).labels).toEqual([]);
  expect(markHeadings('Words.\n\n## A title ##\n\n```\n# code\n```\n# Another')).toMatchObject({
    labels: ['A title', 'Another'],
    marked: 'Words.\n\n\0## A title ##\n\n```\n# code\n```\n\0# Another',
  });
});

test('paths in a book stay in it', () => {
  expect(resolveEntry('OEBPS/book.opf', 'text/a%20b.xhtml#c')).toBe('OEBPS/text/a b.xhtml');
  expect(resolveEntry('OEBPS/x/book.opf', '../a.xhtml')).toBe('OEBPS/a.xhtml');
  expect(resolveEntry('book.opf', '../../a.xhtml')).toBe('a.xhtml');
  expect(resolveEntry('book.opf', 'https://example.org/a')).toBe(undefined);
  expect(resolveEntry('book.opf', '%ff')).toBe(undefined);
});

const line = (text: string, y: number, x = 72, height = 12): PdfItem => ({
  text,
  x,
  y,
  width: text.length * 5,
  height,
  endsLine: true,
});
const long = 'x'.repeat(80);
const textOfPages = (pages: readonly (readonly PdfItem[])[]) => pdfText(pages).replaceAll('\0', '');

test.each([
  ['exam-', 'ple', 'example'],
  ['well-', 'Known', 'well-Known'],
  ['soft\u00ad', 'Hyphen', 'softHyphen'],
  ['1990-', '1995', '1990-1995'],
  ['dash -', 'and', 'dash - and'],
  ['one', 'two', 'one two'],
])('the lines %j and %j join to %j', (before, after, joined) => {
  expect(joinLines(before, after)).toBe(joined);
});

test('lines of a PDF become paragraphs by gaps, indents, sizes, short ends and marks', () => {
  const items = [
    line('Heading', 700, 72, 18),
    line(long, 670),
    line('short end.', 656),
    line(long, 642),
    line('no end', 628),
    line(`${long}.`, 614),
    line(`indented ${long}`, 600, 90),
    line(`${long}.`, 586),
    line(`after a gap ${long}.`, 550),
    line('• item one', 536),
    line('• item two', 522),
  ];
  expect(textOfPages([items]).split('\n\n')).toEqual([
    'Heading',
    `${long} short end.`,
    `${long} no end ${long}.`,
    `indented ${long} ${long}.`,
    `after a gap ${long}.`,
    '• item one',
    '• item two',
  ]);
});

test('paragraphs go on over pages and columns when a sentence does', () => {
  const first = [
    line('Columns that', 700),
    line('go on and', 686),
    line('up again', 700, 300),
    line('here.', 686, 300),
  ];
  expect(textOfPages([first, [line('Anew it begins', 700), line('and ends', 686)]])).toBe(
    'Columns that go on and up again here.\n\nAnew it begins and ends',
  );
});

test('a short line at the end of a page is no part of what the next page begins with, nor are entries led by dots', () => {
  const invoice = (number: number) => [
    line(`Invoice ${number}`, 700),
    line(`${long}.`, 600),
    line(`Total due ${number}.20`, 560),
  ];
  expect(textOfPages([invoice(7), invoice(9)])).toBe(
    `Invoice 7\n\n${long}.\n\nTotal due 7.20\n\nInvoice 9\n\n${long}.\n\nTotal due 9.20`,
  );
  const entries = ['Nails ....... 3.20', 'Glue . . . . . 1.10', 'Rope ........ 9'];
  expect(textOfPages([entries.map((text, index) => line(text, 700 - 14 * index))])).toBe(
    entries.join('\n\n'),
  );
});

test('heads and numbers go only where several pages share them', () => {
  const page = (number: number, body: string) => [
    line(`Head ${number}`, 760),
    line(body, 700),
    line(`${number}`, 40),
  ];
  expect(textOfPages([page(1, 'One.'), page(2, 'Two.'), page(3, 'Three.')])).toBe(
    'One.\n\nTwo.\n\nThree.\n\n[On every page] Head',
  );
  expect(textOfPages([page(1, 'One.')])).toContain('Head 1');
});

test('what looks like a running head and is not one stays, and what is said on every page is kept once', () => {
  const invoice = (number: number) => [
    line(`Invoice ${1040 + number}`, 760),
    line('For paper as delivered.', 730),
    line('And for ink.', 716),
    line(`Total due ${number * 17}.20`, 60),
  ];
  const text = textOfPages([invoice(1), invoice(2), invoice(3)]);
  for (const fact of ['Invoice 1041', 'Invoice 1043', 'Total due 17.20', 'Total due 51.20'])
    expect(text).toContain(fact);
  const contract = (body: string) => [line('Contract 2231', 760), line(body, 700), line('more of it', 686)];
  const once = textOfPages([contract('One.'), contract('Two.'), contract('Three.')]);
  const dated = (number: number) => [
    line('Body of the page.', 700),
    line(`Printed 14 March 2026 | ${number}/3`, 40),
  ];
  expect(textOfPages([dated(1), dated(2), dated(3)])).toMatch(
    /\[On every page\] Printed 14 March 2026 \| #\/3$/,
  );
  expect(once.split('Contract 2231')).toHaveLength(2);
  expect(once).toMatch(/\[On every page\] Contract 2231$/);
});

/** Pieces of one row, each at its place. */
const row = (y: number, ...cells: readonly (readonly [text: string, x: number])[]): PdfItem[] =>
  cells.map(([text, x], index) => ({ ...line(text, y, x), endsLine: index === cells.length - 1 }));

test('rows with cells one below the other are a table, columns of prose are not, and code keeps its indents', () => {
  const table = [
    line('Stock of the shop', 760),
    ...row(730, ['Item', 72], ['Boxes', 200], ['Shelf', 280]),
    ...row(716, ['Nails', 72], ['14', 200], ['B4', 280]),
    ...row(702, ['Screws', 72], ['C1', 280]),
    ...row(688, ['Hinges', 72], ['6', 200]),
  ];
  expect(textOfPages([table])).toBe(
    'Stock of the shop\n\nItem | Boxes | Shelf\nNails | 14 | B4\nScrews |  | C1\nHinges | 6 | ',
  );
  const prose = [
    ...row(700, ['The bridge was built by the town', 72], ['The mill stands upstream of it', 320]),
    ...row(686, ['in the year 1911 and was mended', 72], ['and has three wheels, of which', 320]),
    ...row(672, ['twice since then, says the book', 72], ['one still turns in every spring', 320]),
  ];
  expect(textOfPages([prose])).toBe(
    'The bridge was built by the town in the year 1911 and was mended twice since then, says the book The mill stands ' +
      'upstream of it and has three wheels, of which one still turns in every spring',
  );
  const code = [line('def f():', 700), line('return 1', 688, 92), line('f()', 676)].map((item) => ({
    ...item,
    isMonospaced: true,
  }));
  expect(textOfPages([code])).toBe('def f():\n    return 1\nf()');
});

test('raised and lowered figures stand apart, and right-to-left pieces are read from the right', () => {
  const piece = (text: string, x: number, width: number, rise = 0): PdfItem => ({
    text,
    x,
    width,
    y: 700 + rise,
    height: rise === 0 ? 12 : 7,
    endsLine: false,
  });
  expect(
    textOfPages([[piece('It holds 10', 72, 60), piece('6', 132, 4, 4), piece(' litres', 136, 40)]]),
  ).toBe('It holds 10^6 litres');
  expect(textOfPages([[piece('It was paid', 72, 60), piece('7', 132, 4, 4)]])).toBe('It was paid[7]');
  expect(textOfPages([[piece('H', 72, 8), piece('2', 80, 4, -2), piece('O', 84, 8)]])).toBe('H2O');
  const hebrew = [piece('כתרים.', 113, 35), piece('9', 152, 8), piece('עולה', 164, 30)];
  expect(textOfPages([hebrew])).toBe('עולה 9 כתרים.');
});

test('places are where their text begins once it is tidy', () => {
  expect(tidyPlaces('\0\n\none\u00ad two\0 three\n\n\n\n\0\0four\0', ['a', 'b', 'c', 'd', 'e'])).toEqual({
    text: 'one two three\n\nfour',
    places: [
      { startChar: 0, label: 'a' },
      { startChar: 8, label: 'b' },
      { startChar: 15, label: 'd' },
    ],
  });
  expect(listNumbers([2, 4, 5, 7, 8, 9])).toBe('2, 4, 5, 7–9');
});

test('addresses that a click may open are few', () => {
  expect(safeAddress('https://example.org/a b')).toBe('https://example.org/a%20b');
  expect(safeAddress('mailto:a@b.c')).toBe('mailto:a@b.c');
  for (const address of [
    'javascript:x',
    'java\nscript:x',
    ' \u0001javascript:x',
    'data:,x',
    'file:///x',
    '/a',
    '#a',
    '//a.b',
  ]) {
    expect(safeAddress(address)).toBe(undefined);
  }
});
