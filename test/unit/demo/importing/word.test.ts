/** Word documents: numbers of clauses and notes as Word prints them, properties of letters, and what stands beside the text. */
import { describe, expect, test } from 'vitest';
import { footnotes, makeDocx } from '../../../support/document-files';
import { importFile } from '../../../../tools/import-check/import-file';

const run = (text: string, properties = '') =>
  `<w:r><w:rPr>${properties}</w:rPr><w:t xml:space="preserve">${text}</w:t></w:r>`;
const paragraph = (content: string, properties = '') => `<w:p><w:pPr>${properties}</w:pPr>${content}</w:p>`;
const numbered = (numId: number, level: number) =>
  `<w:numPr><w:ilvl w:val="${level}"/><w:numId w:val="${numId}"/></w:numPr>`;
const item = (text: string, level = 0, numId = 1) => paragraph(run(text), numbered(numId, level));
const cell = (content: string, properties = '') => `<w:tc><w:tcPr>${properties}</w:tcPr>${content}</w:tc>`;

type LevelParts = readonly [format: string, text: string, rest?: string];
const level = ([format, text, rest = '']: LevelParts, index: number) =>
  `<w:lvl w:ilvl="${index}"><w:start w:val="1"/><w:numFmt w:val="${format}"/><w:lvlText w:val="${text}"/>${rest}</w:lvl>`;
/** List 1 has these levels; `rest` are further lists. */
const numbering = (levels: readonly LevelParts[], rest = '') => ({
  'word/numbering.xml': `<w:numbering><w:abstractNum w:abstractNumId="0">${levels.map(level).join('')}</w:abstractNum>
    <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num>${rest}</w:numbering>`,
});

const read = (body: string, files: Readonly<Record<string, string>> = {}) =>
  importFile('a.docx', makeDocx(body, files));
const textOf = async (body: string, files: Readonly<Record<string, string>> = {}) =>
  (await read(body, files)).text.replaceAll('\n\n', '\n');

describe('numbers', () => {
  test('of clauses whose numbers are all Arabic, under articles in Roman ones', async () => {
    const levels: LevelParts[] = [
      ['upperRoman', 'Article %1.'],
      ['decimal', '%1.%2', '<w:isLgl/>'],
    ];
    const body = item('A') + item('a', 1) + item('b', 1) + item('B') + item('c', 1);
    expect(await textOf(body, numbering(levels))).toBe('Article I. A\n1.1 a\n1.2 b\nArticle II. B\n2.1 c');
  });

  test('of a level that counts on through all chapters', async () => {
    const levels: LevelParts[] = [
      ['cardinalText', 'Chapter %1:'],
      ['lowerLetter', '(%2)', '<w:lvlRestart w:val="0"/>'],
    ];
    const body = item('A') + item('a', 1) + item('B') + item('b', 1);
    expect(await textOf(body, numbering(levels))).toBe('Chapter One: A\n(a) a\nChapter Two: B\n(b) b');
  });

  test('of headings whose level is that of their style', async () => {
    const levels: LevelParts[] = [
      ['decimal', '%1', '<w:pStyle w:val="H1"/>'],
      ['decimal', '%1.%2', '<w:pStyle w:val="H2"/>'],
    ];
    const style = (id: string, rank: number) =>
      `<w:style w:styleId="${id}"><w:name w:val="heading ${rank}"/><w:pPr><w:numPr><w:numId w:val="1"/></w:numPr></w:pPr></w:style>`;
    const { text, places } = await read(
      paragraph(run('Head'), '<w:pStyle w:val="H1"/>') + paragraph(run('Sub'), '<w:pStyle w:val="H2"/>'),
      { ...numbering(levels), 'word/styles.xml': `<w:styles>${style('H1', 1)}${style('H2', 2)}</w:styles>` },
    );
    expect(text).toBe('1 Head\n\n1.1 Sub');
    expect(places.map(({ label }) => label)).toEqual(['1 Head', '1.1 Sub']);
  });

  test('of a list that stands for a style, and in words, signs and circles', async () => {
    const linked = `<w:numbering><w:abstractNum w:abstractNumId="0"><w:numStyleLink w:val="Law"/></w:abstractNum>
      <w:abstractNum w:abstractNumId="1"><w:styleLink w:val="Law"/>${level(['decimal', '§ %1'], 0)}</w:abstractNum>
      <w:num w:numId="1"><w:abstractNumId w:val="0"/></w:num></w:numbering>`;
    expect(await textOf(item('a') + item('b'), { 'word/numbering.xml': linked })).toBe('§ 1 a\n§ 2 b');
    const levels: LevelParts[] = [
      ['ordinalText', '%1'],
      ['decimalEnclosedCircle', '%2'],
      ['chicago', '%3'],
      ['numberInDash', '%4'],
    ];
    const body = [0, 0, 1, 2, 3].map((index) => item('x', index)).join('');
    expect(await textOf(body, numbering(levels))).toBe('First x\nSecond x\n① x\n* x\n- 1 - x');
  });

  test('of paragraphs that are deleted are not counted, and one whose end is deleted goes on', async () => {
    const mark = '<w:rPr><w:del/></w:rPr>';
    const gone = paragraph('<w:del><w:r><w:delText>gone</w:delText></w:r></w:del>', numbered(1, 0) + mark);
    const levels: LevelParts[] = [['decimal', '%1.']];
    expect(await textOf(item('a') + gone + item('b'), numbering(levels))).toBe('1. a\n2. b');
    const halves = paragraph(run('one '), numbered(1, 0) + mark) + item('half') + item('c');
    expect(await textOf(halves, numbering(levels))).toBe('1. one half\n2. c');
  });

  test('of notes: in the format of the document, anew in each section, and marks that are the author’s own', async () => {
    const reference = (id: number, attributes = '', mark = '') =>
      `<w:r><w:footnoteReference w:id="${id}" ${attributes}/>${mark}</w:r>`;
    const settings =
      '<w:footnotePr><w:numFmt w:val="lowerLetter"/><w:numRestart w:val="eachSect"/></w:footnotePr>';
    const note = (id: number, text: string) =>
      `<w:footnote w:id="${id}"><w:p><w:r><w:t>${text}</w:t></w:r></w:p></w:footnote>`;
    const body =
      paragraph(run('x') + reference(2, 'w:customMarkFollows="1"', '<w:t>*</w:t>') + reference(3)) +
      paragraph(run('y') + reference(4), '<w:sectPr/>') +
      paragraph(run('z') + reference(5));
    const files = {
      'word/settings.xml': `<w:settings>${settings}</w:settings>`,
      'word/footnotes.xml': footnotes(
        ['Star.', 'A.', 'B.', 'C.'].map((text, i) => note(i + 2, text)).join(''),
      ),
    };
    expect(await textOf(body, files)).toBe('x[*][a]\ny[b]\nz[a]\n[*] Star.\n[a] A.\n[b] B.\n[a] C.');
  });
});

describe('letters', () => {
  test('raised in pieces, by their place or by a style are one figure; struck ones are said to be', async () => {
    const up = '<w:vertAlign w:val="superscript"/>';
    const styles =
      '<w:styles><w:style w:type="character" w:styleId="Up"><w:rPr><w:vertAlign w:val="superscript"/></w:rPr></w:style></w:styles>';
    const body =
      paragraph(run('10') + run('1', up) + run('2', up)) +
      paragraph(
        run('5') + run('3', '<w:position w:val="8"/>') + run(' and 10') + run('6', '<w:rStyle w:val="Up"/>'),
      ) +
      paragraph(run('90', '<w:strike/>') + run(' crowns', '<w:strike/>') + run(' 95 crowns'));
    expect(await textOf(body, { 'word/styles.xml': styles })).toBe(
      '10^12\n5^3 and 10^6\n[struck out: 90 crowns] 95 crowns',
    );
  });

  test('of symbol fonts are signs, and how a word is said stands behind it', async () => {
    const font = (name: string) => `<w:rFonts w:ascii="${name}" w:hAnsi="${name}"/>`;
    const ruby = `<w:r><w:ruby><w:rubyPr/><w:rt>${run('かん')}</w:rt><w:rubyBase>${run('漢')}</w:rubyBase></w:ruby></w:r>`;
    const body = paragraph(
      run('\uf0fe', font('Wingdings')) + run(' insured ') + run('a', font('Symbol')) + ruby,
    );
    expect(await textOf(body)).toBe('☑ insured α漢(かん)');
  });

  test('are hidden by a style or in the colour of their ground, not on a dark one', async () => {
    const styles = '<w:styles><w:style w:styleId="No"><w:rPr><w:vanish/></w:rPr></w:style></w:styles>';
    const white = '<w:color w:val="FFFFFF"/>';
    const body =
      paragraph(run('Obey.'), '<w:pStyle w:val="No"/>') +
      paragraph(run('Bright.', white), '<w:shd w:val="clear" w:fill="003366"/>') +
      paragraph(run('Obey.', '<w:color w:val="FF0000"/><w:shd w:val="clear" w:fill="FF0000"/>')) +
      paragraph(run('Shown.', '<w:vanish w:val="0"/>'), '<w:pStyle w:val="No"/>');
    const { text, notes } = await read(body, { 'word/styles.xml': styles });
    expect(text).toBe('Bright.\n\nShown.');
    expect(notes).toEqual([expect.stringContaining('2 hidden passages')]);
  });

  test('of a formula stand apart from those around it', async () => {
    const part = (name: string, content: string) => `<m:${name}><m:r><m:t>${content}</m:t></m:r></m:${name}>`;
    const math = (content: string) => `<m:oMath>${content}</m:oMath>`;
    const half = math(`<m:f>${part('num', '1')}${part('den', '2')}</m:f>`);
    const carbon = math(`<m:sPre>${part('sub', '6')}${part('sup', '14')}${part('e', 'C')}</m:sPre>`);
    const sine = math(`<m:func>${part('fName', 'sin')}${part('e', 'x')}</m:func>`);
    const limit = math(`<m:limLow>${part('e', 'lim')}${part('lim', 'n→0')}</m:limLow>${part('r', 'a')}`);
    const rows = math(`<m:eqArr>${part('e', 'a=1')}${part('e', 'b=2')}</m:eqArr>`);
    const body = [run('of') + half + run('litre'), carbon, sine, limit, rows].map((one) => paragraph(one));
    expect(await textOf(body.join(''))).toBe('of 1/2 litre\n^14_6 C\nsin x\nlim_(n→0) a\na=1; b=2');
  });
});

describe('beside the text', () => {
  test('text boxes, charts and diagrams stand behind their paragraph, embedded files are said', async () => {
    const box = `<w:r><w:drawing><wps:txbx><w:txbxContent>${paragraph(run('In the box'))}</w:txbxContent></wps:txbx></w:drawing></w:r>`;
    const drawing = (graphic: string) => `<w:r><w:drawing>${graphic}</w:drawing></w:r>`;
    const point = (value: string) => `<c:pt idx="0"><c:v>${value}</c:v></c:pt>`;
    const body =
      paragraph(run('Before ') + box + run('after.')) +
      paragraph(drawing('<c:chart r:id="k"/>') + drawing('<dgm:relIds r:dm="d"/>')) +
      paragraph('<w:r><w:object><o:OLEObject r:id="o"/></w:object></w:r>');
    const relation = (id: string, type: string, target: string) =>
      `<Relationship Id="${id}" Type="http://x/${type}" Target="${target}"/>`;
    const { text, notes } = await read(body, {
      'word/_rels/document.xml.rels': `<Relationships>${relation('k', 'chart', 'charts/chart1.xml')}${relation('d', 'diagramData', 'diagrams/data1.xml')}</Relationships>`,
      'word/charts/chart1.xml': `<c:chartSpace><c:title><a:t>Boats by year</a:t></c:title><c:ser><c:tx>${point('North')}</c:tx><c:cat>${point('1911')}</c:cat><c:val>${point('15')}</c:val></c:ser></c:chartSpace>`,
      'word/diagrams/data1.xml':
        '<dgm:dataModel><dgm:pt><dgm:t><a:p><a:r><a:t>Step one</a:t></a:r></a:p></dgm:t></dgm:pt></dgm:dataModel>',
    });
    expect(text).toBe(
      'Before after.\n\n[Text box] In the box\n\n[Chart] Boats by year\n | North\n1911 | 15\n\n[Diagram]\nStep one',
    );
    expect(notes).toEqual([expect.stringContaining('1 embedded file or formula was left out')]);
  });

  test('what an old form has chosen, and letters drawn across the page', async () => {
    const list =
      '<w:r><w:fldChar><w:ffData><w:ddList><w:result w:val="1"/><w:listEntry w:val="North"/><w:listEntry w:val="South"/></w:ddList></w:ffData></w:fldChar></w:r>';
    const watermark = '<w:r><w:pict><v:shape><v:textpath string="DRAFT"/></v:shape></w:pict></w:r>';
    const text = await textOf(paragraph(list + run(' pier')), {
      'word/header1.xml': footnotes(paragraph(watermark)),
    });
    expect(text).toBe('[Page header] DRAFT\nSouth pier');
  });

  test('rows that begin farther in have empty cells, and cells merged in the old way are filled', async () => {
    const text = (content: string, properties = '') => cell(paragraph(run(content)), properties);
    const table =
      `<w:tbl><w:tr>${text('A')}${text('B')}${text('C')}</w:tr><w:tr><w:trPr><w:gridBefore w:val="1"/></w:trPr>${text('b')}${text('c')}</w:tr>` +
      `<w:tr>${text('x', '<w:hMerge w:val="restart"/>')}${cell(paragraph(''), '<w:hMerge/>')}${text('z')}</w:tr></w:tbl>`;
    expect((await read(table)).text).toBe('A | B | C\n | b | c\nx | x | z');
  });
});
