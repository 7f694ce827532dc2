/** Each kind of document with a file made here: what must be in its text, its places, and its notes. */
import { describe, expect, test, vi } from 'vitest';
import { chapter, footnotes, makeDocx, makeEpub, makePdf, makeZip } from '../../../support/document-files';
import { importFile } from '../../../../tools/import-check/import-file';

// The first PDF brings pdf.js, which takes a busy machine a while to load.
vi.setConfig({ testTimeout: 120_000 });

const page = (body: string, head = '') =>
  `<!doctype html><html><head><meta charset="utf-8"><title>T</title>${head}</head><body>${body}</body></html>`;
const textOfHtml = async (body: string, head = '') => (await importFile('a.html', page(body, head))).text;

describe('HTML', () => {
  test.each([
    ['<table><tr><td>a</td><td></td></tr><tr><td></td><td>b</td></tr></table>', 'a |\n | b'],
    [
      '<table><tr><td colspan=2>a</td><td rowspan=2>b</td></tr><tr><td>c</td><td>d</td></tr></table>',
      'a | a | b\nc | d | b',
    ],
    [
      '<table><tr><td>a<table><tr><td>1</td><td>2</td></tr><tr><td>3</td><td>4</td></tr></table></td><td>b</td></tr></table>',
      'a 1, 2; 3, 4 | b',
    ],
    ['<table><tr><td><p>only</p></td></tr><tr><td><p>layout</p></td></tr></table>', 'only\n\nlayout'],
    ['<ol reversed><li>a<li>b</ol>', '2. a\n1. b'],
    ['<ol type=i start=3><li>a<li value=9>b<li>c</ol>', 'iii. a\nix. b\nx. c'],
    ['<p>E = mc<sup>2</sup>, 1<sup>st</sup>, x<sub>max</sub></p>', 'E = mc^2, 1st, x_max'],
    [
      '<p>10<math><mfrac><mi>a</mi><mrow><mi>b</mi><mo>+</mo><mn>1</mn></mrow></mfrac></math>ml</p>',
      '10 a/(b + 1) ml',
    ],
    ['<p>Noon.<a href="#n1">1</a> Year <a href="#y">12</a></p>', 'Noon.[1] Year 12'],
    [
      '<p><img alt="A pier"> <input value="Grey"> <input type=checkbox checked> <select><option>x<option selected>y</select></p>',
      '[Picture: A pier] Grey [x] y',
    ],
    ['<p>a<span aria-hidden="true"> seen</span></p>', 'a seen'],
  ])('%s', async (body, text) => {
    expect(await textOfHtml(body)).toBe(text);
  });

  test('what is hidden is left out, and said; white on a dark ground is not hidden', async () => {
    const body =
      '<p>Seen.</p><p style="display: none">Ignore all that.</p><p class="x">One.</p><p style="font-size:0px">Two.</p>' +
      '<p style="color:#FFF">Three.</p><div style="background:#024"><p style="color:white">Bright.</p></div>';
    const { text, notes } = await importFile(
      'a.html',
      page(body, '<style>.x { visibility: hidden }</style>'),
    );
    expect(text).toBe('Seen.\n\nBright.');
    expect(notes).toEqual([expect.stringContaining('4 hidden passages were left out')]);
  });

  test('headings are places, and what stands around the marked content is said', async () => {
    const body =
      '<header>Shop Cart</header><main><h1>Harbour</h1><p>Long text of it.</p><h2>Fees</h2><p>Nine crowns.</p></main>';
    const { text, places, notes } = await importFile('a.html', page(body));
    expect(places.map(({ startChar, label }) => [label, text.slice(startChar, startChar + 4)])).toEqual([
      ['Harbour', 'Harb'],
      ['Fees', 'Fees'],
    ]);
    expect(notes).toEqual([expect.stringContaining('about 2 words around it')]);
  });
});

describe('DOCX', () => {
  const run = (text: string, properties = '') =>
    `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`;
  const paragraph = (content: string, properties = '') => `<w:p><w:pPr>${properties}</w:pPr>${content}</w:p>`;
  const cell = (text: string, properties = '') =>
    `<w:tc><w:tcPr>${properties}</w:tcPr>${paragraph(run(text))}</w:tc>`;

  test('tables: merged cells filled, cells in content controls, two paragraphs in one', async () => {
    const body =
      `<w:tbl><w:tr>${cell('a', '<w:gridSpan w:val="2"/>')}${cell('b')}</w:tr><w:tr>${cell('c', '<w:vMerge w:val="restart"/>')}` +
      `<w:sdt><w:sdtContent>${cell('d')}</w:sdtContent></w:sdt><w:tc>${paragraph(run('e'))}${paragraph(run('f'))}</w:tc></w:tr>` +
      `<w:tr>${cell('', '<w:vMerge/>')}${cell('')}${cell('g')}</w:tr></w:tbl>`;
    expect((await importFile('a.docx', makeDocx(body))).text).toBe('a | a | b\nc | d | e f\nc |  | g');
  });

  test('tracked changes as accepted, hidden text left out, comments, notes as printed, headings as places', async () => {
    const body =
      paragraph(run('Terms'), '<w:pStyle w:val="Heading1"/>') +
      paragraph(
        `${run('The rent is ')}<w:del><w:r><w:delText>90</w:delText></w:r></w:del><w:ins>${run('95')}</w:ins>${run(' crowns')}` +
          `<w:r><w:footnoteReference w:id="7"/></w:r>${run('Obey me.', '<w:vanish/>')}${run('m')}${run('2', '<w:vertAlign w:val="superscript"/>')}`,
      ) +
      paragraph(
        '<w:r><w:sym w:font="Wingdings" w:char="F0FC"/></w:r><w:sdt><w:sdtPr><w14:checkbox><w14:checked w14:val="0"/></w14:checkbox></w:sdtPr></w:sdt>',
      );
    const { text, places, notes } = await importFile(
      'a.docx',
      makeDocx(body, {
        'word/footnotes.xml': footnotes(
          '<w:footnote w:id="7"><w:p><w:r><w:t>In winter.</w:t></w:r></w:p></w:footnote>',
        ),
        'word/comments.xml': footnotes(
          '<w:comment w:author="B. Reader"><w:p><w:r><w:t>Check.</w:t></w:r></w:p></w:comment>',
        ),
        'word/footer1.xml': footnotes('<w:p><w:r><w:t>Draft of May</w:t></w:r></w:p>'),
        'word/footer2.xml': footnotes('<w:p><w:r><w:t>Draft of May</w:t></w:r></w:p>'),
      }),
    );
    expect(text).toBe(
      'Terms\n\nThe rent is 95 crowns[1]m^2\n\n✓☐\n\n[1] In winter.\n\n[Comment by B. Reader] Check.\n\n[Page footer] Draft of May',
    );
    expect(places).toEqual([{ startChar: 0, label: 'Terms' }]);
    expect(notes.join(' ')).toMatch(/1 hidden passage was left out.*Tracked changes/);
  });

  test('a part beside the text that is damaged costs itself and a note; a text that is cut off says so', async () => {
    const broken = await importFile(
      'a.docx',
      makeDocx(paragraph(run('Text.')), { 'word/comments.xml': '<w:comments><w:p>' }),
    );
    expect(broken).toMatchObject({ text: 'Text.', notes: [expect.stringContaining('comments')] });
    const cut = await importFile(
      'a.docx',
      makeZip({ 'word/document.xml': '<w:document><w:body><w:p><w:r><w:t>Text.</w:t>' }),
    );
    expect(cut).toMatchObject({ text: 'Text.', notes: [expect.stringContaining('cut off')] });
  });
});

describe('EPUB', () => {
  test('a broken chapter costs itself; names are matched however they are written; places are chapters', async () => {
    const book = makeEpub({
      title: 'B',
      chapters: {
        'a.xhtml': chapter('<h1>The harbour</h1><p>One.</p>'),
        'Caf\u0065\u0301.XHTML': chapter('<h1>Chapter 2</h1><p>Two.</p>'),
        'gone.xhtml': '',
      },
    });
    const bytes = Buffer.from(book);
    // The name in the archive, made another one than the list of parts has.
    const at = bytes.lastIndexOf('OEBPS/gone.xhtml');
    bytes.write('OEBPS/lost.xhtml', at, 'latin1');
    const { text, places, notes } = await importFile('b.epub', bytes);
    expect(text).toBe('The harbour\n\nOne.\n\nChapter 2\n\nTwo.');
    expect(places.map(({ label }) => label)).toEqual(['ch. 1 · The harbour', 'Chapter 2']);
    expect(notes).toEqual(['1 of 3 chapters is damaged or missing in the file.']);
  });
});

describe('PDF', () => {
  const lines = (...texts: readonly string[]) => texts.map((text, index) => ({ text, y: 700 - 14 * index }));

  test('pages are places, and those without text are named', async () => {
    const { places, notes } = await importFile(
      'a.pdf',
      makePdf({ pages: [lines('One.'), [], lines('Three.'), []] }),
    );
    expect(places.map(({ label }) => label)).toEqual(['p. 1', 'p. 3']);
    expect(notes).toEqual([expect.stringContaining('2 of 4 pages hold no text (2, 4)')]);
  });

  test('few words on many pages are a text; none are not', async () => {
    const pages = [lines('2031'), [], [], [], [], []];
    expect((await importFile('a.pdf', makePdf({ pages }))).text).toBe('2031');
    await expect(importFile('a.pdf', makePdf({ pages: [[], []] }))).rejects.toMatchObject({
      code: 'no-text',
    });
  });
});

describe('other kinds', () => {
  test('CSV is a table', async () => {
    const { text, kind } = await importFile('a.csv', 'Item;Price\n"Nails; long";"3,20"\nGlue;\n');
    expect({ text, kind }).toEqual({ kind: 'csv', text: 'Item | Price\nNails; long | 3,20\nGlue |' });
  });

  test('a mail has its head, its text, and the names of what came along', async () => {
    const mail =
      'From: Ann <a@b.c>\r\nTo: d@e.f\r\nDate: Mon, 4 May 2026 10:00:00 +0000\r\nSubject: Times\r\nMIME-Version: 1.0\r\n' +
      'Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\nContent-Type: text/plain; charset=iso-8859-1\r\n' +
      'Content-Transfer-Encoding: quoted-printable\r\n\r\nAt the caf=E9.\r\n--x\r\nContent-Type: application/pdf\r\n' +
      'Content-Disposition: attachment; filename="plan.pdf"\r\nContent-Transfer-Encoding: base64\r\n\r\nJVBERi0=\r\n--x--\r\n';
    const { text, title, notes } = await importFile('a.eml', mail);
    expect(title).toBe('Times');
    expect(text).toContain('From: Ann <a@b.c>\nTo: d@e.f');
    expect(text).toContain('At the café.');
    expect(notes).toEqual([expect.stringContaining('1 attachment was left out: plan.pdf')]);
  });

  test('FictionBook: sections, poems and notes, without its pictures', async () => {
    const book =
      '<?xml version="1.0"?><FictionBook xmlns:l="http://www.w3.org/1999/xlink"><description><title-info><book-title>B</book-title>' +
      '</title-info></description><body><section><title><p>One</p></title><p>Text<a l:href="#n" type="note">1</a></p><poem><stanza>' +
      '<v>a</v><v>b</v></stanza></poem></section></body><binary id="x">QUJD</binary></FictionBook>';
    const { text, places } = await importFile('b.fb2', book);
    expect(text).toBe('One\n\nText[1]\n\na\nb');
    expect(places).toEqual([{ startChar: 0, label: 'One' }]);
  });

  test('a text in another encoding says which, and can be read in the one that a person names', async () => {
    const bytes = new Uint8Array([
      0xcf, 0xe0, 0xf0, 0xee, 0xec, 0x20, 0xee, 0xf2, 0xf5, 0xee, 0xe4, 0xe8, 0xf2,
    ]);
    const read = await importFile('a.txt', bytes);
    expect(read).toMatchObject({
      text: 'Паром отходит',
      encoding: 'windows-1251',
      notes: [expect.stringContaining('windows-1251')],
    });
    expect(await importFile('a.txt', bytes, { encoding: 'windows-1252' })).toMatchObject({
      text: 'Ïàðîì îòõîäèò',
      notes: [],
    });
  });
});

describe('documents that are made to take for ever', () => {
  test.each([
    ['end tags of nothing, deep down', `<html>${'<div>'.repeat(20_000)}${'</b>'.repeat(300_000)}`],
    ['levels without end', `<html>${'<div>'.repeat(200_000)}x`],
  ])('%s are refused', async (_, content) => {
    await expect(importFile('a.html', content)).rejects.toMatchObject({ code: 'damaged' });
  });

  test.each([
    ['tables in tables', 'a.html', `<html>${'<table><tr><td>x'.repeat(5000)}`],
    [
      'cells that span everything',
      'a.html',
      `<html><table>${'<tr><td colspan=1000 rowspan=65000>x'.repeat(500)}`,
    ],
    [
      'cells that come down between others',
      'a.html',
      `<html><table><tr>${'<td rowspan=0>x<td>y'.repeat(500)}${'<tr><td>z'.repeat(5000)}</table>`,
    ],
    [
      'one rule of style many times',
      'a.html',
      `<html><style>${'.a{opacity:1}'.repeat(60_000)}</style><p class="a">x`,
    ],
    ['marks of Markdown', 'a.md', '# a '.repeat(300_000)],
    ['blanks', 'a.txt', `${' '.repeat(1_000_000)}x`],
    ['addresses of data that hold none', 'a.md', 'data:a/b;base64,'.repeat(50_000)],
  ])('%s are read', async (_, name, content) => {
    expect((await importFile(name, content)).text).toMatch(/\S/);
  });
});
