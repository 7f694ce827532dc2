import { expect, test } from 'vitest';
import { declaredEncoding, decodeText, isBinary } from '../../../demo/import/decode-text';
import { resolveEntry } from '../../../demo/import/epub';
import { markdownTitle } from '../../../demo/import/import-document';
import { inertMarkup } from '../../../demo/import/inert-markup';
import { joinLines, pdfText, type PdfItem } from '../../../demo/import/pdf-text';
import { sniff } from '../../../demo/import/sniff';
import { chooseTitle, nameWithoutExtension, tidyText } from '../../../demo/import/tidy-text';
import { safeAddress } from '../../../demo/markdown';

const latin = (text: string) => new Uint8Array(Buffer.from(text, 'latin1'));

test('bytes are decoded by their mark, their label, as UTF-8, and at last as windows-1252', () => {
  expect(decodeText(new Uint8Array([0xfe, 0xff, 0, 0x41]))).toBe('A');
  expect(decodeText(latin('\xef\xbb\xbfA'), 'windows-1252')).toBe('A');
  expect(decodeText(new Uint8Array([0xe0]), 'windows-1251')).toBe('а');
  expect(decodeText(latin('caf\xe9'))).toBe('café');
  expect(decodeText(latin('caf\xe9'), 'no-such-encoding')).toBe('café');
  expect(declaredEncoding(latin('<meta charset="iso-8859-2">'))).toBe('iso-8859-2');
  expect(declaredEncoding(latin("<?xml version='1.0' encoding='utf-16'?>"))).toBe('utf-8');
  expect([isBinary(latin('a\0')), isBinary(latin('\xff\xfea\0'))]).toEqual([true, false]);
});

test('text is made tidy, and keeps its indentation and emoji', () => {
  expect(tidyText('\n\n a \r\nb\u00ad\u200bc\u0007\r\r\n\r\nd\u00a0e\fg\n')).toBe(' a\nbc\n\nd e\n\ng');
  expect(tidyText('👩\u200d🚀')).toBe('👩\u200d🚀');
});

test('titles are the first candidate that says something, on one line', () => {
  expect(chooseTitle(undefined, ' -- ', ' A\n b ', 'c')).toBe('A b');
  expect(chooseTitle('', null)).toBe('Untitled');
  expect(chooseTitle('x'.repeat(500))).toHaveLength(120);
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
])('%j as %s (%s) is %s', (content, name, type, kind) => {
  expect(sniff(latin(content), name, type)).toBe(kind);
});

test('what only looks like a document by its name is refused with a step', () => {
  for (const content of ['\xd0\xcf\x11\xe0', '{\\rtf1', 'a\0b', '\x89PNG', `${'x'.repeat(60)}BOOKMOBI`]) {
    expect(() => sniff(latin(content), 'a.txt')).toThrow(
      expect.objectContaining({ code: 'unsupported', step: expect.stringMatching(/\.$/) }),
    );
  }
});

test('markup is disarmed where a policy would complain, and nowhere else', () => {
  expect(inertMarkup(`<p class=a STYLE="x" onClick='a>b' title="on style=1">style=1 onx=2</p>`)).toBe(
    `<p class=a x-STYLE="x" x-onClick='a>b' title="on style=1">style=1 onx=2</p>`,
  );
  expect(inertMarkup('<base href="/x"><style>p{}</style><!-- <p style=""> -->')).toBe(
    '<base x-href="/x"><x-style>p{}</x-style><!-- <p style=""> -->',
  );
  expect(inertMarkup('<script>if (a<b style="</script><p onload=1>')).toBe(
    '<script>if (a<b style="</script><p x-onload=1>',
  );
  expect(inertMarkup('<title/><br/><a id="x" /><style/>b', true)).toBe(
    '<title></title><br/><a id="x" ></a><x-style></x-style>b',
  );
  expect(inertMarkup('<title/>a')).toBe('<title/>a');
});

test('disarming takes time in proportion to the length', () => {
  for (const part of ['<a b="', "<a b='", '<a ', '<', '<!--', '<a b = ', '<title>', '<script>', '<style ']) {
    const started = performance.now();
    inertMarkup(part.repeat(100_000));
    expect(performance.now() - started).toBeLessThan(3000);
  }
});

test.each(['<div>', '<div/>', '<div class=a>', '<b>', '<x-a>', '<ul><li>'])(
  '%s without end is refused',
  (tag) => {
    expect(() => inertMarkup(`<body>${tag.repeat(30_000)}words`)).toThrow(
      expect.objectContaining({ name: 'ImportError', code: 'damaged' }) as Error,
    );
  },
);

test.each([
  '<div><b>a</b></div>',
  '<p>a',
  '<tr><td>a',
  '<br>',
  '<path d=""/>',
  '<img src=a>',
  '<svg><g/></svg>',
  '<p><a name=a>a',
  '<a name="a"/>a',
])('any number of %s is not deep', (markup) => {
  expect(() => inertMarkup(markup.repeat(30_000))).not.toThrow();
});

test('what a text begins with is told of texts that are made to be divided in many ways', () => {
  expect(sniff(latin(`${'<!---->'.repeat(500)}x`), 'a.txt')).toBe('text');
  expect(sniff(latin(`${'<!-- a -->'.repeat(300)}<html>`), 'a.txt')).toBe('html');
  expect(markdownTitle(`# ${'#'.repeat(300_000)}${' \t'.repeat(300_000)}x`)).toBe('');
  expect(markdownTitle('Words.\n\n## A title ##\n\n# Another')).toBe('A title');
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
  expect(pdfText([items]).split('\n\n')).toEqual([
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
  expect(pdfText([first, [line('Anew it begins', 700), line('and ends', 686)]])).toBe(
    'Columns that go on and up again here.\n\nAnew it begins and ends',
  );
});

test('heads and numbers go only where several pages share them', () => {
  const page = (number: number, body: string) => [
    line(`Head ${number}`, 760),
    line(body, 700),
    line(`${number}`, 40),
  ];
  expect(pdfText([page(1, 'One.'), page(2, 'Two.'), page(3, 'Three.')])).toBe('One.\n\nTwo.\n\nThree.');
  expect(pdfText([page(1, 'One.')])).toContain('Head 1');
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
