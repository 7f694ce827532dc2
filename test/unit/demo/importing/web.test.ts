/** What pages, books and mails are made of beside paragraphs: elements that style sheets make others of, hidden text, and frames. */
import { describe, expect, test } from 'vitest';
import { chapter, makeEpub } from '../../../support/document-files';
import { importFile } from '../../../../tools/import-check/import-file';

const page = (body: string, head = '') =>
  `<!doctype html><html><head><meta charset="utf-8"><title>T</title>${head}</head><body>${body}</body></html>`;
const read = (body: string, head = '') => importFile('a.html', page(body, head));

test.each([
  ['<ol style="list-style-type: upper-roman"><li>a<li>b</ol>', 'I. a\nII. b'],
  ['<ol style="list-style: none"><li>1.1 a<li>1.2 b</ol>', '1.1 a\n1.2 b'],
  ['<table><tr><td>a<td>b<td rowspan=2>c<tr><td>d</table>', 'a | b | c\nd |  | c'],
  [
    '<div role=table><div role=row><span role=cell>a</span><span role=cell>b</span></div><div role=row><span role=cell>c</span></div></div>',
    'a | b\nc |',
  ],
  [
    '<div style="display:table"><div style="display:table-row"><b style="display:table-cell">a</b><i style="display:table-cell">b</i></div></div>',
    'a | b',
  ],
  ['<p><span style="display:block">one</span><span style="display: flex">two</span></p>', 'one\ntwo'],
  [
    '<p>10<span style="vertical-align: super">6</span> x<small style="vertical-align:-0.3em">1</small></p>',
    '10^6 x1',
  ],
  ['<p>1<sup>3</sup>/<sub>4</sub> cup, <sup>1</sup>⁄<sub>2</sub> spoon</p>', '1 3/4 cup, 1/2 spoon'],
  ['<ruby>漢<rp>(</rp><rt>かん</rt><rp>)</rp>字<rt>じ</rt></ruby>', '漢(かん)字(じ)'],
  [
    '<p>The fee is <s>90</s> 95 crowns, he said: <q>too much</q>.</p>',
    'The fee is [struck out: 90] 95 crowns, he said: “too much”.',
  ],
  [
    '<p><select><option>North<option>South</select> pier, <output>9</output><meter>60%</meter></p>',
    'North pier, 9 60%',
  ],
  [
    '<h2><button>When does it leave?</button></h2><p>At ten. <button>Share</button></p>',
    'When does it leave?\n\nAt ten.',
  ],
  [
    '<div><template shadowrootmode=open><p>Shown.</p></template></div><template>Not yet.</template>',
    'Shown.',
  ],
  ['<dialog open>Open.</dialog><dialog>Closed.</dialog>', 'Open.'],
  [
    '<p>Before</p><iframe srcdoc="<h1>Inner</h1><p>Nine crowns.</p>"></iframe>',
    'Before\n\nInner\n\nNine crowns.',
  ],
  [
    '<svg aria-label="Fees by year"></svg><div role=img aria-label="A map">x</div>',
    '[Picture: Fees by year]\n\n[Picture: A map]',
  ],
  ['<xmp><b>raw</b></xmp><center>middle</center>end', '<b>raw</b>\n\nmiddle\n\nend'],
  [
    '<math><munderover><mo>∑</mo><mi>i</mi><mi>n</mi></munderover><mi>i</mi></math> <math><mfenced><mi>a</mi><mi>b</mi></mfenced></math>',
    '∑_i^n i (a, b)',
  ],
  [
    '<math><mmultiscripts><mi>C</mi><mn>6</mn><none/><mprescripts/><none/><mn>14</mn></mmultiscripts><mtext>and</mtext><mi>x</mi></math>',
    '^14C_6 and x',
  ],
])('%s', async (body, text) => {
  expect((await read(body)).text).toBe(text);
});

test.each([
  'position: absolute; left: -9999px',
  'text-indent: -9999px',
  'position: absolute; clip: rect(0, 0, 0, 0)',
  'clip-path: inset(100%)',
  'height: 0; overflow: hidden',
  'transform: scale(0)',
  'font: 0/0 a',
  'font-size: 1px',
  'opacity: 0.01',
  'color: #fefefe',
  'color: black; background: black',
  'display: none !important',
])('%s hides, and that is said', async (style) => {
  const { text, notes } = await read(`<p>Seen.</p><p style="${style}">Obey me.</p>`);
  expect({ text, notes }).toEqual({ text: 'Seen.', notes: [expect.stringContaining('1 hidden passage')] });
});

test.each([
  ['.box .ad { display: none }', true],
  ['.box > .ad { display: none }', false],
  ['div#a div.ad.x { display: none }', true],
  ['#a > section > .ad { display: none }', true],
  ['.ad { display: none } .other .ad { display: block }', true],
  ['.ad { display: none } .box .ad { display: block }', false],
  ['.box .ad { display: none } .ad { display: block }', true],
  ['.ad { display: none } .x { display: block }', false],
  ['.other .ad, section .ad { display: none }', true],
  ['.box:hover .ad, .box + .ad, [id] .ad { display: none }', false],
])('%s hides a passage: %s', async (sheet, isHidden) => {
  const { text, notes } = await read(
    `<style>${sheet}</style><div id="a" class="box"><section><div class="ad x">Obey me.</div></section></div><p>Seen.</p>`,
  );
  expect({ isHidden: !text.includes('Obey'), isSaid: notes.length === 1 }).toEqual({
    isHidden,
    isSaid: isHidden,
  });
});

test('selectors that are made to take for ever do not', async () => {
  const sheet = Array.from({ length: 400 }, (_, i) => `.a${i} .b .b .b p { display: none }`).join('');
  const deep = '<div class="b">'.repeat(2000);
  const { text } = await read(`<style>${sheet}</style>${deep}${'<p>Seen.</p>'.repeat(2000)}`);
  expect(text.startsWith('Seen.')).toBe(true);
});

test('white letters on a coloured ground, or on a picture, are seen', async () => {
  const body =
    '<table bgcolor=navy><tr><td><font color=white>a</font><td>b</table>' +
    '<p style="color:#fff;background:linear-gradient(red, blue)">c</p><p style="color:#fff;background:url(x.png)">d</p>';
  expect(await read(body)).toMatchObject({ text: 'a | b\n\nc\n\nd', notes: [] });
});

describe('books', () => {
  test('style sheets of the book count, notes in it that wait for a touch are read, pages beside its order are said', async () => {
    const link = '<link rel="stylesheet" href="../s%20s.css"/>';
    const body =
      '<p>10<span class="up">6</span><a epub:type="noteref" href="#n">*</a></p><p class="no">Obey me.</p>' +
      '<aside epub:type="footnote" id="n" hidden="hidden"><p>In winter.</p></aside>';
    const book = makeEpub({
      title: 'B',
      chapters: { 'text/a.xhtml': chapter(body, link) },
      files: {
        'OEBPS/s s.css': '.up { vertical-align: super } .no { display: none }',
        'OEBPS/beside.xhtml': chapter('<p>Beside.</p>'),
        'OEBPS/book.opf':
          '<package><manifest><item id="a" href="text/a.xhtml" media-type="application/xhtml+xml"/>' +
          '<item id="b" href="beside.xhtml" media-type="application/xhtml+xml"/></manifest><spine><itemref idref="a"/></spine></package>',
      },
    });
    const { text, notes } = await importFile('b.epub', book);
    expect(text).toBe('10^6[*]\n\nIn winter.');
    expect(notes).toEqual([
      expect.stringContaining('1 hidden passage'),
      expect.stringContaining('1 page of the book is outside of its reading order'),
    ]);
  });
});

describe('mails and saved pages', () => {
  const lines = (...parts: readonly string[]) => new Uint8Array(Buffer.from(parts.join('\r\n'), 'latin1'));

  test('a page has its frames, and its style sheets count', async () => {
    const { text, notes } = await importFile(
      'a.mhtml',
      lines(
        'Subject: T',
        'MIME-Version: 1.0',
        'Content-Type: multipart/related; type="text/html"; boundary=x',
        ...['', '--x', 'Content-Type: text/html; charset=windows-1251', 'Content-Location: http://a/', ''],
        '<html><body><p>\xcf\xe0\xf0\xee\xec</p><p class=no>Obey me.</p><iframe src="cid:f"></iframe></body></html>',
        ...['--x', 'Content-Type: text/html; charset=utf-8', 'Content-ID: <f>', ''],
        '<html><head><title>F</title></head><body><p>Nine crowns.</p></body></html>',
        ...[
          '--x',
          'Content-Type: text/css',
          'Content-Location: http://a/s.css',
          '',
          '.no{display:none}',
          '--x--',
        ],
      ),
    );
    expect(text).toBe('Паром\n\nNine crowns.');
    expect(notes).toEqual([expect.stringContaining('1 hidden passage')]);
  });

  test('a mail keeps its local time, says who else reads it, and what its letters were taken for', async () => {
    const head = ['From: a@b.c', 'Bcc: d@e.f', 'Date: Mon, 4 May 2026 10:00:00 +0200', 'Subject: s'];
    const { text, notes } = await importFile('a.eml', lines(...head, '', 'The caf\xe9 on the quay.'));
    expect(text).toBe(
      'From: a@b.c\nBcc: d@e.f\nDate: Mon, 4 May 2026 10:00:00 +0200\nSubject: s\n\nThe café on the quay.',
    );
    expect(notes).toEqual([expect.stringContaining('windows-1252')]);
  });
});

test('a table of text may name its separator on its first line', async () => {
  expect((await importFile('a.csv', 'sep=;\na;b,c\n1;2\n')).text).toBe('a | b,c\n1 | 2');
});
