/** Documents of office programs beside Word's: what is on their slides, sheets and pages, and what is left out and said. */
import { describe, expect, test, vi } from 'vitest';
import { makeZip } from '../../../support/document-files';
import { importFile } from '../../../../tools/import-check/import-file';

vi.setConfig({ testTimeout: 60_000 });

const relations = (...rows: readonly (readonly [id: string, type: string, target: string])[]) =>
  `<Relationships>${rows.map(([id, type, target]) => `<Relationship Id="${id}" Type="http://x/${type}" Target="${target}"/>`).join('')}</Relationships>`;

describe('PPTX', () => {
  const shape = (paragraphs: string, kind = '') =>
    `<p:sp><p:nvSpPr><p:cNvPr id="2" name=""/><p:nvPr>${kind && `<p:ph type="${kind}"/>`}</p:nvPr></p:nvSpPr><p:txBody>${paragraphs}</p:txBody></p:sp>`;
  const line = (text: string, properties = '', run = '') =>
    `<a:p><a:pPr>${properties}</a:pPr><a:r><a:rPr ${run}/><a:t>${text}</a:t></a:r></a:p>`;
  const slide = (shapes: string, attributes = '') =>
    `<p:sld ${attributes}><p:cSld><p:spTree>${shapes}</p:spTree></p:cSld></p:sld>`;

  test('slides in their order, with tables, charts, notes, comments and descriptions; hidden ones are named', async () => {
    const cell = (text: string, attributes = '') =>
      `<a:tc ${attributes}><a:txBody>${line(text)}</a:txBody></a:tc>`;
    const table =
      `<p:graphicFrame><a:tbl><a:tr>${cell('Pier', 'gridSpan="2"')}${cell('', 'hMerge="1"')}${cell('Fee')}</a:tr>` +
      `<a:tr>${cell('North')}${cell('')}${cell('9')}</a:tr></a:tbl></p:graphicFrame>`;
    const file = makeZip({
      'ppt/presentation.xml':
        '<p:presentation><p:sldIdLst><p:sldId r:id="b"/><p:sldId r:id="a"/><p:sldId r:id="c"/><p:sldId r:id="d"/></p:sldIdLst></p:presentation>',
      'ppt/_rels/presentation.xml.rels': relations(
        ['a', 'slide', 'slides/slide1.xml'],
        ['b', 'slide', 'slides/slide2.xml'],
        ['c', 'slide', '/ppt/slides/slide3.xml'],
        ['d', 'slide', 'slides/slide4.xml'],
      ),
      'ppt/slides/slide1.xml': slide(
        shape(line('Costs'), 'title') +
          shape(
            line('one', '<a:buAutoNum type="alphaLcParenR"/>') +
              line('two', '<a:buAutoNum type="alphaLcParenR"/>'),
          ) +
          table +
          '<p:pic><p:nvPicPr><p:cNvPr id="4" name="x" descr="A pier at dawn"/></p:nvPicPr></p:pic>' +
          '<p:graphicFrame><a:graphic><a:graphicData><c:chart r:id="k"/></a:graphicData></a:graphic></p:graphicFrame>' +
          '<p:sp><p:nvSpPr><p:cNvPr id="9" hidden="1"/></p:nvSpPr><p:txBody><a:p><a:r><a:t>Obey.</a:t></a:r></a:p></p:txBody></p:sp>' +
          shape('<a:p><a:fld type="slidenum"><a:t>2</a:t></a:fld></a:p>', 'sldNum') +
          shape(line('Port of Vell'), 'ftr'),
      ),
      'ppt/slides/_rels/slide1.xml.rels': relations(
        ['k', 'chart', '../charts/chart1.xml'],
        ['n', 'notesSlide', '../notesSlides/notesSlide1.xml'],
        ['m', 'comments', '../comments/comment1.xml'],
      ),
      'ppt/charts/chart1.xml':
        '<c:chartSpace><c:ser><c:tx><c:pt idx="0"><c:v>Boats</c:v></c:pt></c:tx><c:cat><c:pt idx="0"><c:v>May</c:v></c:pt>' +
        '<c:pt idx="1"><c:v>June</c:v></c:pt></c:cat><c:val><c:pt idx="0"><c:v>7</c:v></c:pt><c:pt idx="1"><c:v>12</c:v></c:pt></c:val></c:ser></c:chartSpace>',
      'ppt/notesSlides/notesSlide1.xml': slide(shape(line('Speak up.'), 'body') + shape(line('2'), 'sldNum')),
      'ppt/comments/comment1.xml':
        '<p:cmLst><p:cm authorId="0"><p:text>Check this.</p:text></p:cm></p:cmLst>',
      'ppt/commentAuthors.xml': '<p:cmAuthorLst><p:cmAuthor id="0" name="Ann"/></p:cmAuthorLst>',
      'ppt/slides/slide2.xml': slide(
        shape(line('Welcome'), 'ctrTitle') +
          shape(line('10').replace('</a:p>', '<a:r><a:rPr baseline="30000"/><a:t>6</a:t></a:r></a:p>')),
      ),
      'ppt/slides/slide3.xml': slide(shape(line('Secret')), 'show="0"'),
      'ppt/slides/slide4.xml': slide(
        '<p:graphicFrame><a:graphic><a:graphicData><p:oleObj progId="Excel.Sheet.12" r:id="o"><p:embed/></p:oleObj></a:graphicData></a:graphic></p:graphicFrame>',
      ),
    });
    const { text, places, notes, kind } = await importFile('a.pptx', file);
    expect(kind).toBe('pptx');
    expect(text).toBe(
      'Welcome\n\n10^6\n\nCosts\n\na) one\nb) two\n\nPier | Pier | Fee\nNorth |  | 9\n\n[Picture: A pier at dawn]\n\n' +
        '[Chart]\n | Boats\nMay | 7\nJune | 12\n\n[Speaker notes] Speak up.\n\n[Comment by Ann] Check this.\n\n[Page footer] Port of Vell',
    );
    expect(places.map(({ label }) => label)).toEqual(['slide 1 · Welcome', 'slide 2 · Costs']);
    expect(notes.join(' ')).toMatch(
      /1 hidden slide was left out \(3\).*1 hidden passage.*Objects of other programs.*\(slides 4\).*without text.*4 of 4/,
    );
  });

  test('figures that are raised in pieces are one, and struck words are said to be', async () => {
    const piece = (text: string, attributes = '') => `<a:r><a:rPr ${attributes}/><a:t>${text}</a:t></a:r>`;
    const up = 'baseline="30000"';
    const body = `<a:p>${piece('10')}${piece('1', up)}${piece('2', up)}${piece(' for ')}${piece('90', 'strike="sngStrike"')}${piece(' 95')}</a:p>`;
    const file = makeZip({ 'ppt/slides/slide1.xml': slide(shape(body)) });
    expect((await importFile('a.pptx', file)).text).toBe('10^12 for [struck out: 90] 95');
  });

  test('a damaged slide costs itself and a note', async () => {
    const file = makeZip({
      'ppt/slides/slide1.xml': slide(shape(line('Text.'))),
      'ppt/slides/slide2.xml': '<p:sld><p:cSld>',
      'ppt/slides/slide10.xml': slide(shape(line('Last.'))),
    });
    expect(await importFile('a.pptx', file)).toMatchObject({
      text: 'Text.\n\nLast.',
      notes: [expect.stringContaining('1 of 3 slides is damaged')],
    });
  });
});

describe('XLSX', () => {
  const workbook = (sheets: string, properties = '') =>
    `<workbook><workbookPr ${properties}/><sheets>${sheets}</sheets></workbook>`;
  const styles =
    '<styleSheet><numFmts><numFmt numFmtId="164" formatCode="yyyy\\-mm\\-dd"/><numFmt numFmtId="165" formatCode="#,##0.00&quot; crowns&quot;"/>' +
    '<numFmt numFmtId="166" formatCode=";;;"/></numFmts><fonts><font/><font><color rgb="FFFFFFFF"/></font></fonts>' +
    '<fills><fill><patternFill patternType="none"/></fill></fills><cellXfs><xf numFmtId="0"/><xf numFmtId="164"/><xf numFmtId="165"/>' +
    '<xf numFmtId="9"/><xf numFmtId="0" fontId="1" fillId="0"/><xf numFmtId="166"/></cellXfs></styleSheet>';
  const make = (sheet: string, files: Readonly<Record<string, string>> = {}) =>
    makeZip({
      'xl/workbook.xml': workbook('<sheet name="Fees" r:id="s1"/>'),
      'xl/_rels/workbook.xml.rels': relations(
        ['s1', 'worksheet', 'worksheets/sheet1.xml'],
        ['s2', 'worksheet', 'worksheets/sheet2.xml'],
        ['t', 'sharedStrings', 'sharedStrings.xml'],
        ['f', 'styles', 'styles.xml'],
      ),
      'xl/sharedStrings.xml':
        '<sst><si><t>Item</t></si><si><r><t>10</t></r><r><rPr><vertAlign val="superscript"/></rPr><t>6</t></r></si><si><t>会</t><rPh><t>カイ</t></rPh></si></sst>',
      'xl/styles.xml': styles,
      'xl/worksheets/sheet1.xml': sheet,
      ...files,
    });
  const cells = (rows: string, rest = '', before = '') =>
    `<worksheet>${before}<sheetData>${rows}</sheetData>${rest}</worksheet>`;

  test('numbers and dates as they are displayed, formulas by their values, errors and truths', async () => {
    const sheet = cells(
      '<row r="2"><c r="B2" t="s"><v>0</v></c><c r="C2" t="s"><v>1</v></c><c r="D2" t="s"><v>2</v></c></row>' +
        '<row r="3"><c r="B3" s="1"><v>46095</v></c><c r="C3" s="2"><f>A1*2</f><v>1234.5</v></c><c r="D3" s="3"><v>0.25</v></c></row>' +
        '<row r="4"><c r="B4" t="b"><v>1</v></c><c r="C4" t="e"><v>#DIV/0!</v></c><c r="D4" t="inlineStr"><is><t>a &amp; b</t></is></c></row>' +
        '<row r="6"><c r="C6"><v>0.30000000000000004</v></c><c r="D6"><v>123456789012</v></c></row>',
    );
    const { text, places } = await importFile('a.xlsx', make(sheet));
    expect(text).toBe(
      'Item | 10^6 | 会\n2026-03-14 | 1,234.50 crowns | 25%\nTRUE | #DIV/0! | a & b\n\n0.3 | 123456789012',
    );
    expect(places).toEqual([{ startChar: 0, label: 'Fees' }]);
  });

  test('dates that count from 1904', async () => {
    const file = make(cells('<row r="1"><c r="A1" s="1"><v>44633</v></c></row>'), {
      'xl/workbook.xml': workbook('<sheet name="Fees" r:id="s1"/>', 'date1904="1"'),
    });
    expect((await importFile('a.xlsx', file)).text).toBe('2026-03-14');
  });

  test('what is hidden is left out, and said; merged cells are filled; comments and text boxes stand behind', async () => {
    const sheet = cells(
      '<row r="1"><c r="A1" t="str"><v>Title</v></c></row><row r="2" hidden="1"><c r="A2"><v>1</v></c></row>' +
        '<row r="3"><c r="A3"><v>7</v></c><c r="B3"><v>8</v></c><c r="C3" s="4"><v>9</v></c><c r="D3" s="5"><v>10</v></c><c r="E3"><f>SUM(A1:A2)</f></c></row>',
      '<mergeCells><mergeCell ref="A1:B1"/></mergeCells><headerFooter><oddFooter>&amp;L&amp;"Arial"Draft of May&amp;RPage &amp;P</oddFooter></headerFooter>',
      '<cols><col min="2" max="2" hidden="1"/></cols>',
    );
    const file = make(sheet, {
      'xl/workbook.xml': workbook(
        '<sheet name="Fees" r:id="s1"/><sheet name="Old" state="hidden" r:id="s2"/>',
      ),
      'xl/worksheets/_rels/sheet1.xml.rels': relations(
        ['c', 'comments', '../comments1.xml'],
        ['d', 'drawing', '../drawings/drawing1.xml'],
      ),
      'xl/drawings/_rels/drawing1.xml.rels': relations(['k', 'chart', '../charts/chart1.xml']),
      'xl/charts/chart1.xml':
        '<c:chartSpace><c:chart><c:title><a:p><a:r><a:t>Boats </a:t></a:r><a:r><a:t>by month</a:t></a:r></a:p></c:title>' +
        '<c:valAx><c:title><a:p><a:r><a:t>Number</a:t></a:r></a:p></c:title></c:valAx></c:chart></c:chartSpace>',
      'xl/comments1.xml':
        '<comments><authors><author>Ann</author></authors><commentList><comment ref="A3" authorId="0"><text><r><t>Ann:</t></r><r><t> Check.</t></r></text></comment></commentList></comments>',
      'xl/drawings/drawing1.xml':
        '<xdr:wsDr><xdr:sp><xdr:txBody><a:p><a:r><a:t>Beside</a:t></a:r></a:p></xdr:txBody></xdr:sp></xdr:wsDr>',
    });
    const { text, notes } = await importFile('a.xlsx', file);
    expect(text).toBe(
      'Title | Title\n\n7 | =SUM(A1:A2)\n\n[Text box] Beside\n\n[Chart] Boats by month · Number\n\n[Comment on A3 by Ann] Check.\n\n[Page footer] Draft of May Page',
    );
    expect(notes).toEqual([
      '1 hidden sheet was left out: “Old”.',
      '1 hidden row was left out in “Fees”.',
      '1 hidden column was left out in “Fees”.',
      expect.stringContaining('2 hidden passages'),
      expect.stringContaining('no values for 1 of its formulas'),
    ]);
  });

  test('sheets are places, with their names before them', async () => {
    const file = make(cells('<row r="1"><c r="A1"><v>1</v></c></row>'), {
      'xl/workbook.xml': workbook('<sheet name="Fees" r:id="s1"/><sheet name="Boats" r:id="s2"/>'),
      'xl/worksheets/sheet2.xml': cells('<row><c><v>2</v></c><c><v>3</v></c></row>'),
    });
    const { text, places } = await importFile('a.xlsx', file);
    expect(text).toBe('Fees\n\n1\n\nBoats\n\n2 | 3');
    expect(places.map(({ label }) => label)).toEqual(['Fees', 'Boats']);
  });

  test('binary workbooks are refused with a step', async () => {
    await expect(importFile('a.xlsb', makeZip({ 'xl/workbook.bin': 'x' }))).rejects.toMatchObject({
      code: 'unsupported',
      step: expect.stringContaining('XLSX'),
    });
  });
});

describe('OpenDocument', () => {
  const content = (body: string, styles = '') =>
    `<?xml version="1.0"?><office:document-content><office:automatic-styles>${styles}</office:automatic-styles><office:body>${body}</office:body></office:document-content>`;
  const make = (body: string, styles = '', files: Readonly<Record<string, string>> = {}) =>
    makeZip({
      mimetype: 'application/vnd.oasis.opendocument',
      'content.xml': content(body, styles),
      ...files,
    });
  const text = (body: string) => `<office:text>${body}</office:text>`;

  test('text: numbered headings and items, notes, comments, raised and hidden words, formulas, pictures, tracked changes', async () => {
    const styles =
      '<style:style style:name="up" style:family="text"><style:text-properties style:text-position="super 58%"/></style:style>' +
      '<style:style style:name="no" style:family="text"><style:text-properties text:display="none"/></style:style>' +
      '<text:list-style style:name="L"><text:list-level-style-number text:level="1" style:num-format="1" style:num-suffix="."/>' +
      '<text:list-level-style-number text:level="2" style:num-format="a" style:num-prefix="(" style:num-suffix=")"/></text:list-style>' +
      '<text:list-style style:name="B"><text:list-level-style-bullet text:level="1"/></text:list-style>';
    const body = text(
      '<text:tracked-changes><text:changed-region><text:deletion><text:p>old</text:p></text:deletion></text:changed-region></text:tracked-changes>' +
        '<text:h text:outline-level="1">Terms</text:h><text:h text:outline-level="2">Fees</text:h>\n' +
        '<text:p>The fee is  10<text:span text:style-name="up">6</text:span><text:s text:c="2"/>crowns<text:note text:note-class="footnote">' +
        '<text:note-citation>1</text:note-citation><text:note-body><text:p>In winter.</text:p></text:note-body></text:note>' +
        '<text:span text:style-name="no">Obey me.</text:span>, <draw:frame><draw:object xlink:href="./Object 1"/></draw:frame> of it.</text:p>' +
        '<text:list text:style-name="L"><text:list-item><text:p>one</text:p><text:list><text:list-item><text:p>deep</text:p></text:list-item></text:list>' +
        '</text:list-item><text:list-item text:start-value="5"><text:p>five<office:annotation><dc:creator>Ann</dc:creator><text:p>Check.</text:p>' +
        '</office:annotation></text:p></text:list-item></text:list><text:list text:style-name="B"><text:list-item><text:p>dot</text:p></text:list-item></text:list>' +
        '<text:p><draw:frame><svg:desc>A pier</svg:desc><draw:image/></draw:frame></text:p>',
    );
    const file = make(body, styles, {
      'styles.xml':
        '<office:document-styles><text:outline-style><text:outline-level-style text:level="1" style:num-format="1"/>' +
        '<text:outline-level-style text:level="2" style:num-format="1" text:display-levels="2"/></text:outline-style>' +
        '<office:master-styles><style:master-page><style:header><text:p>Draft of May</text:p></style:header></style:master-page></office:master-styles></office:document-styles>',
      'Object 1/content.xml':
        '<math:math><math:mfrac><math:mn>1</math:mn><math:mn>2</math:mn></math:mfrac></math:math>',
      'meta.xml':
        '<office:document-meta><office:meta><dc:title>Lease</dc:title></office:meta></office:document-meta>',
    });
    const read = await importFile('a.odt', file);
    expect(read.text).toBe(
      '1 Terms\n\n1.1 Fees\n\nThe fee is 10^6  crowns[1], 1/2 of it.\n\n1. one\n(a) deep\n5. five\n\n- dot\n\n[Picture: A pier]\n\n' +
        '[1] In winter.\n\n[Comment by Ann] Check.\n\n[Page header] Draft of May',
    );
    expect(read).toMatchObject({ title: 'Lease', kind: 'odt' });
    expect(read.places.map(({ label }) => label)).toEqual(['1 Terms', '1.1 Fees']);
    expect(read.notes.join(' ')).toMatch(/1 hidden passage.*1 deleted passage/);
  });

  test('words that are struck out are marked, raised ones too', async () => {
    const style = (name: string, properties: string) =>
      `<style:style style:name="${name}" style:family="text"><style:text-properties ${properties}/></style:style>`;
    const styles =
      style('old', 'style:text-line-through-style="solid"') +
      style('up', 'style:text-line-through-type="single" style:text-position="super 58%"') +
      style('new', 'style:text-line-through-style="none"');
    const span = (name: string, content: string) =>
      `<text:span text:style-name="${name}">${content}</text:span>`;
    const body = `<text:p>Rent is ${span('old', `ten ${span('new', 'old')} crowns`)}, ${span('new', '10')}${span('up', '6')}.</text:p>`;
    expect((await importFile('a.odt', make(text(body), styles))).text).toBe(
      'Rent is [struck out: ten old crowns], 10[struck out: ^6].',
    );
  });

  test('paragraphs whose style strikes or hides them: marked, but for the words that are not; left out, and said', async () => {
    const style = (name: string, family: string, properties: string) =>
      `<style:style style:name="${name}" style:family="${family}"><style:text-properties ${properties}/></style:style>`;
    const styles =
      style('old', 'paragraph', 'style:text-line-through-style="solid"') +
      style('new', 'text', 'style:text-line-through-style="none"') +
      style('tiny', 'paragraph', 'fo:font-size="1pt"') +
      style('gone', 'paragraph', 'text:display="none"') +
      '<style:style style:name="after" style:family="paragraph" style:parent-style-name="gone"/>';
    const paragraph = (name: string, content: string) =>
      `<text:p text:style-name="${name}">${content}</text:p>`;
    const body = [
      paragraph('old', 'Rent is ten.'),
      paragraph('old', '<text:span text:style-name="new">Now</text:span> nine'),
      paragraph('old', ''),
      paragraph('tiny', 'Obey.'),
      paragraph('gone', 'Obey.'),
      paragraph('after', 'Obey.'),
      paragraph('none', 'Kept.'),
    ].join('');
    const { text: read, notes } = await importFile('a.odt', make(text(body), styles));
    expect(read).toBe('[struck out: Rent is ten.]\n\nNow [struck out: nine]\n\nKept.');
    expect(notes.join(' ')).toMatch(/^3 hidden passages/);
  });

  test('how a word is said stands behind it', async () => {
    const ruby =
      '<text:ruby><text:ruby-base>漢</text:ruby-base><text:ruby-text>かん</text:ruby-text></text:ruby>';
    expect((await importFile('a.odt', make(text(`<text:p>${ruby}</text:p>`)))).text).toBe('漢(かん)');
  });

  test('tables: merged and repeated cells, tables in cells', async () => {
    const cell = (content: string, attributes = '') =>
      `<table:table-cell ${attributes}>${content && `<text:p>${content}</text:p>`}</table:table-cell>`;
    const inner = `<table:table><table:table-row>${cell('x')}${cell('y')}</table:table-row></table:table>`;
    const table =
      `<table:table><table:table-row>${cell('a', 'table:number-columns-spanned="2"')}<table:covered-table-cell/>` +
      `${cell('b', 'table:number-rows-spanned="2"')}</table:table-row><table:table-row>${cell('c')}` +
      `<table:table-cell>${inner}</table:table-cell><table:covered-table-cell/></table:table-row><table:table-row>${cell('', 'table:number-columns-repeated="2"')}${cell('d')}</table:table-row></table:table>`;
    expect((await importFile('a.odt', make(text(table)))).text).toBe('a | a | b\nc | x, y | b\n |  | d');
  });

  test('sheets: values as displayed, without hidden sheets, rows and columns, which are said', async () => {
    const styles =
      '<style:style style:name="off" style:family="table"><style:table-properties table:display="false"/></style:style>';
    const cell = (content: string, attributes = '') =>
      `<table:table-cell ${attributes}><text:p>${content}</text:p></table:table-cell>`;
    const body =
      '<office:spreadsheet><table:table table:name="Fees"><table:table-column/><table:table-column table:visibility="collapse"/>' +
      '<table:table-column table:number-columns-repeated="16382"/>' +
      `<table:table-row>${cell('14 March 2026', 'office:value-type="date" office:date-value="2026-03-14"')}${cell('gone')}${cell('1,234.50', 'table:number-columns-repeated="2"')}` +
      '<table:table-cell table:number-columns-repeated="16380"/></table:table-row>' +
      `<table:table-row table:visibility="filter">${cell('filtered')}</table:table-row>` +
      '<table:table-row><table:table-cell><office:annotation><text:p>Check.</text:p></office:annotation><text:p>a</text:p></table:table-cell></table:table-row>' +
      '<table:table-row table:number-rows-repeated="1048573"><table:table-cell table:number-columns-repeated="16384"/></table:table-row></table:table>' +
      `<table:table table:name="Old" table:style-name="off"><table:table-row>${cell('x')}</table:table-row></table:table></office:spreadsheet>`;
    expect(await importFile('a.ods', make(body, styles))).toMatchObject({
      kind: 'ods',
      text: '14 March 2026 | 1,234.50 | 1,234.50\n\na\n\n[Comment] Check.',
      places: [{ startChar: 0, label: 'Fees' }],
      notes: [
        '1 hidden sheet was left out: “Old”.',
        '1 hidden row was left out in “Fees”.',
        '1 hidden column was left out in “Fees”.',
      ],
    });
  });

  test('slides, with what the speaker is to say; hidden ones are named', async () => {
    const styles =
      '<style:style style:name="off" style:family="drawing-page"><style:drawing-page-properties presentation:visibility="hidden"/></style:style>';
    const box = (content: string, attributes = '') =>
      `<draw:frame ${attributes}><draw:text-box><text:p>${content}</text:p></draw:text-box></draw:frame>`;
    const body =
      `<office:presentation><draw:page>${box('Costs', 'presentation:class="title"')}${box('Click here', 'presentation:placeholder="true"')}` +
      `${box('Nine crowns')}<presentation:notes>${box('Speak up.')}</presentation:notes></draw:page>` +
      `<draw:page draw:style-name="off">${box('Secret')}</draw:page></office:presentation>`;
    expect(await importFile('a.odp', make(body, styles))).toMatchObject({
      kind: 'odp',
      text: 'Costs\n\nNine crowns\n\n[Speaker notes] Speak up.',
      places: [{ startChar: 0, label: 'slide 1 · Costs' }],
      notes: ['1 hidden slide was left out (2).'],
    });
  });

  test('a flat file is told by what it holds', async () => {
    const flat = `<?xml version="1.0"?>\n<office:document office:mimetype="x"><office:meta><dc:title>Flat</dc:title></office:meta><office:body>${text('<text:p>Words.</text:p>')}</office:body></office:document>`;
    expect(await importFile('a.xml', flat)).toMatchObject({ kind: 'odt', text: 'Words.', title: 'Flat' });
  });

  test('encrypted files and drawings are refused with a step', async () => {
    const manifest =
      '<manifest:manifest><manifest:file-entry><manifest:encryption-data/></manifest:file-entry></manifest:manifest>';
    const encrypted = make('garbage', '', { 'META-INF/manifest.xml': manifest });
    await expect(importFile('a.odt', encrypted)).rejects.toMatchObject({
      code: 'encrypted',
      step: expect.stringContaining('without a password'),
    });
    await expect(importFile('a.odg', make('<office:drawing/>'))).rejects.toMatchObject({
      code: 'unsupported',
    });
  });
});

describe('RTF', () => {
  const head =
    '{\\rtf1\\ansi\\ansicpg1252\\deff0{\\fonttbl{\\f0\\fswiss\\fcharset0 Arial;}{\\f1\\fcharset204 Arial CYR;}{\\f2\\fcharset2 Wingdings;}{\\f3\\fcharset128 Mincho;}}' +
    '{\\colortbl;\\red255\\green255\\blue255;}{\\stylesheet{\\s0 Normal;}{\\s1 heading 1;}}{\\info{\\title Rules}{\\author X}}';
  const read = (body: string) =>
    importFile('a.rtf', new Uint8Array(Buffer.from(`${head}${body}}`, 'latin1')));

  test('letters of all encodings, raised ones, notes, numbers of lists, fields', async () => {
    const body =
      "{\\header\\pard Port of Vell\\par}{\\footer {\\field{\\*\\fldinst PAGE}{\\fldrslt 1}}\\par}\\pard\\s1 Fees\\par\\pard It is 10{\\super 6}, caf\\'e9, na\\u239?ve, " +
      "{\\f1 \\'cf\\'e0\\'f0\\'ee\\'ec} {\\f2 \\'fc} {\\f3 \\'93\\'fa\\'96\\'7b} {\\upr{x}{\\*\\ud{\\u1055?}}}.{\\super\\chftn}{\\footnote\\pard{\\super\\chftn} In winter.}\\par" +
      "{\\listtext 1.\\tab}one\\par{\\listtext\\f2\\'6e\\tab}dot\\par{\\field{\\*\\fldinst FORMCHECKBOX{\\*\\formfield{\\fftype1\\ffres25\\ffdefres1}}}{\\fldrslt}} agreed" +
      '{\\*\\atnauthor Ann}{\\*\\annotation\\pard Check.}{\\pict 0102}{\\*\\unknown gone}\\par';
    const { text, title, places, kind } = await read(body);
    expect(text).toBe(
      'Fees\n\nIt is 10^6, café, naïve, Паром ✓ 日本 П.[1]\n\n1. one\n\n- dot\n\n☑ agreed\n\n[1] In winter.\n\n[Comment by Ann] Check.\n\n[Page header] Port of Vell',
    );
    expect({ title, kind, label: places[0]?.label }).toEqual({ title: 'Rules', kind: 'rtf', label: 'Fees' });
  });

  test('tables: merged cells, two paragraphs in one, tables in cells', async () => {
    const body =
      '\\pard Before\\par\\trowd\\clmgf\\cellx1\\clmrg\\cellx2\\cellx3\\pard\\intbl A\\cell\\cell B\\cell\\row' +
      '\\trowd\\clvmgf\\cellx1\\cellx2\\cellx3\\pard\\intbl r\\cell two\\par lines\\cell\\cell\\row' +
      '\\trowd\\clvmrg\\cellx1\\cellx2\\cellx3\\pard\\intbl\\cell\\pard\\intbl\\itap2 x\\nestcell y\\nestcell{\\*\\nesttableprops\\trowd\\cellx1\\nestrow}{\\nonesttables\\par}' +
      '\\pard\\intbl\\cell z\\cell\\row\\pard After\\par';
    expect((await read(body)).text).toBe('Before\n\nA | A | B\nr | two lines |\nr | x, y | z\n\nAfter');
  });

  test('what is hidden, white or deleted is left out, and said', async () => {
    const { text, notes } = await read(
      '\\pard Seen {\\v Obey.} and {\\cf1 white}{\\highlight1\\cf1  bright}{\\deleted old}.\\par',
    );
    expect(text).toBe('Seen  and  bright.');
    expect(notes.join(' ')).toMatch(/2 hidden passages.*1 deleted passage/);
  });

  test('words that are struck out are marked, to the end of their paragraph or cell', async () => {
    const { text } = await read(
      '\\pard Rent is {\\strike ten} nine {\\striked1 crowns}.\\par\\strike All of it\\par\\strike0 Kept\\par' +
        '\\trowd\\cellx1\\cellx2\\pard\\intbl{\\strike a}\\cell b\\cell\\row\\pard',
    );
    expect(text).toBe(
      'Rent is [struck out: ten] nine [struck out: crowns].\n\n[struck out: All of it]\n\nKept\n\n[struck out: a] | b',
    );
  });

  test('a file that is cut off says so; one that nests without end is refused', async () => {
    expect(await importFile('a.rtf', '{\\rtf1 Text {\\b bold')).toMatchObject({
      text: 'Text bold',
      notes: [expect.stringContaining('cut off')],
    });
    await expect(importFile('a.rtf', `{\\rtf1 ${'{'.repeat(200_000)}`)).rejects.toMatchObject({
      code: 'damaged',
    });
  });
});
