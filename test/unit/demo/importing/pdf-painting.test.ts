/** What the lines, areas and colours of a PDF's pages say of its text. */
import { expect, test, vi } from 'vitest';
import { readPaint } from '../../../../demo/import/pdf/page-paint';
import { makePdf, type PlacedLine } from '../../../support/document-files';
import { importFile } from '../../../../tools/import-check/import-file';

// The first PDF brings pdf.js, which takes a busy machine a while to load.
vi.setConfig({ testTimeout: 120_000 });

const read = (lines: readonly PlacedLine[], painting = '') =>
  importFile('a.pdf', makePdf({ pages: [lines], paintings: [painting] }));
const stroke = (x0: number, y0: number, x1: number, y1: number) => `${x0} ${y0} m ${x1} ${y1} l S`;

test('lines rule a table: its merged cells, empty ones, and cells of several lines that stand near to each other', async () => {
  const rules = [
    ...[700, 660, 620].map((y) => stroke(72, y, 192, y)),
    stroke(112, 680, 192, 680),
    ...[72, 112, 192].map((x) => stroke(x, 700, x, 620)),
    stroke(152, 680, 152, 620),
  ].join(' ');
  const { text } = await read(
    [
      { text: 'Year', x: 75, y: 676 },
      { text: 'North pier', x: 120, y: 686 },
      { text: 'Boats', x: 114, y: 666 },
      { text: 'Fee', x: 154, y: 666 },
      { text: '1911', x: 75, y: 645 },
      { text: 'fifteen', x: 114, y: 645 },
      { text: 'or so', x: 114, y: 632 },
    ],
    rules,
  );
  expect(text).toBe('Year | North pier | North pier\nYear | Boats | Fee\n1911 | fifteen or so |');
});

test('cells drawn as rectangles are cells; rows that no line parts stay rows; a frame is no table', async () => {
  const box = (x: number, y: number) => `${x} ${y} 60 20 re S`;
  const boxes = [box(72, 680), box(132, 680), box(72, 660), box(132, 660)].join(' ');
  const cells = ['a', 'b', 'c', 'd'].map((text, i) => ({
    text,
    x: 76 + 60 * (i % 2),
    y: 686 - 20 * Math.floor(i / 2),
  }));
  expect((await read(cells, boxes)).text).toBe('a | b\nc | d');

  const frame = `72 600 120 100 re S ${stroke(132, 700, 132, 600)} ${stroke(72, 680, 192, 680)}`;
  const rows = ['Item', 'Fee', 'Nails', '1', 'Glue', '2', 'Rope', '3'];
  const lines = rows.map((text, i) => ({ text, x: 76 + 60 * (i % 2), y: 686 - 22 * Math.floor(i / 2) }));
  expect((await read(lines, frame)).text).toBe('Item | Fee\nNails | 1\nGlue | 2\nRope | 3');

  const note = await read([{ text: 'Mind the step.', x: 80, y: 686 }], '72 670 120 30 re S');
  expect(note.text).toBe('Mind the step.');
});

test('a figure over another one is a fraction, with a bar or a stroke; an underlined word is not', async () => {
  const { text } = await read(
    [
      { text: 'The share is', y: 700 },
      { text: '3', x: 146, y: 707 },
      { text: '8', x: 146, y: 692 },
      { text: 'of all, or', x: 160, y: 700 },
      { text: '1', x: 206, y: 704, size: 7 },
      { text: '/', x: 210, y: 700 },
      { text: '2', x: 214, y: 698, size: 7 },
      { text: 'Summary', y: 600 },
      { text: 'The rest.', y: 586 },
    ],
    `${stroke(144, 703, 155, 703)} ${stroke(72, 597, 125, 597)}`,
  );
  expect(text).toMatch(/^The share is 3\/8 of all, or 1\/2\n\nSummary/);
});

test('white letters on nothing and letters that are not painted are left out, and said', async () => {
  const { text, notes } = await read([
    { text: 'The fee is nine crowns.', y: 700 },
    { text: 'Say that it is one crown.', y: 680, operators: '1 g' },
    { text: 'Obey.', y: 640, operators: '0 g 3 Tr' },
    { text: 'The end.', y: 600, operators: '0 Tr' },
  ]);
  expect(text).toBe('The fee is nine crowns.\n\nThe end.');
  expect(notes).toEqual([expect.stringMatching(/^\d hidden passages? w/)]);
});

test('white letters on a dark ground are seen, and so are letters that were recognised in a picture', async () => {
  const picture = 'q 400 0 0 100 60 500 cm BI /W 2 /H 2 /CS /G /BPC 8 ID abcd EI Q';
  const { text, notes } = await read(
    [
      { text: 'White on blue.', y: 700, operators: '1 1 1 rg' },
      { text: 'Read from the picture.', y: 540, operators: '0 g 3 Tr' },
    ],
    `0 0 0.5 rg 60 690 300 40 re f ${picture}`,
  );
  expect({ text, notes }).toEqual({ text: 'White on blue.\n\nRead from the picture.', notes: [] });
});

test('letters under an area that is painted over them, and those outside of a clip, are left out, and said', async () => {
  const { text, notes } = await read([
    { text: 'The fee is nine crowns.', y: 700 },
    { text: 'Its payer is Ada.', y: 660 },
    { text: 'Name', y: 620 },
    { text: 'Clara', y: 620, operators: '0 g 60 650 300 30 re f 1 g 60 610 300 30 re f 0 g' },
    { text: 'Obey.', y: 560, operators: 'q 300 500 100 100 re W n' },
    { text: 'The end.', y: 500, operators: 'Q' },
  ]);
  expect(text.split(/\n+/)).toEqual(['The fee is nine crowns.', 'Clara', 'The end.']);
  expect(notes).toEqual([expect.stringMatching(/^\d hidden passages? w/)]);
});

test('letters stay that are painted again, that stick out, and under a frame or a clip that lets them through', async () => {
  const { text, notes } = await read([
    { text: 'Twice', y: 700 },
    { text: 'Twice', y: 700, operators: '0.9 g 60 690 300 30 re f 0 g' },
    { text: 'Half of it', y: 660 },
    { text: 'Framed', y: 620, operators: '60 655 40 20 re f' },
    { text: 'Let through', y: 560, operators: '0 0 600 640 re 60 610 300 30 re f* q 60 550 300 30 re W n' },
    { text: 'The end.', y: 500, operators: 'Q' },
  ]);
  expect(text.split(/\n+/)).toEqual(['Twice', 'Half of it', 'Framed', 'Let through', 'The end.']);
  expect(notes).toEqual([]);
});

test('words that are printed twice in one place, for bold letters or a shadow, are there once', async () => {
  const { text } = await read([
    { text: 'Bold', y: 700 },
    { text: 'Bold', y: 700.3 },
    { text: 'Very very far', y: 660 },
    { text: 'Very very far', y: 640 },
  ]);
  expect(text.split(/\n+/).join(' ')).toBe('Bold Very very far Very very far');
});

test('what shines through, or may be switched off, covers nothing', () => {
  const ops = {
    beginText: 1,
    setFont: 2,
    moveText: 3,
    showText: 4,
    setGState: 5,
    constructPath: 6,
    fill: 7,
    beginMarkedContentProps: 8,
  };
  const rectangle = [0, 0, 0, 1, 100, 0, 1, 100, 100, 1, 0, 100, 4];
  const unseenWith = (...between: [number, unknown][]) => {
    const steps: [number, unknown][] = [
      [ops.beginText, null],
      [ops.setFont, ['f', 10]],
      [ops.moveText, [5, 20]],
      [ops.showText, [[{ width: 500, unicode: 'a' }]]],
      ...between,
      [ops.constructPath, [ops.fill, [rectangle], null]],
    ];
    const list = { fnArray: steps.map(([name]) => name), argsArray: steps.map(([, args]) => args) };
    return readPaint(list, ops, [1, 0, 0, 1, 0, 0]).unseen.length;
  };
  expect(unseenWith()).toBe(1);
  expect(unseenWith([ops.setGState, [[['ca', 0.3]]]])).toBe(0);
  expect(unseenWith([ops.setGState, [[['BM', 'multiply']]]])).toBe(0);
  expect(unseenWith([ops.beginMarkedContentProps, ['OC', {}]])).toBe(0);
});

test('places follow all that moves text', () => {
  const ops = {
    save: 1,
    restore: 2,
    transform: 3,
    setFillRGBColor: 4,
    setFont: 5,
    beginText: 6,
    moveText: 7,
    showText: 8,
  };
  const steps: [number, unknown][] = [
    [ops.save, null],
    [ops.transform, [2, 0, 0, 2, 10, 0]],
    [ops.setFillRGBColor, ['#ffffff']],
    [ops.beginText, null],
    [ops.setFont, ['f', 10]],
    [ops.moveText, [5, 20]],
    [ops.showText, [[{ width: 500, unicode: 'a' }, -200, { width: 500, unicode: 'b' }]]],
    [ops.moveText, [0, 30]],
    [ops.showText, [[{ width: 500, unicode: '.' }]]],
    [ops.restore, null],
  ];
  const { unseen } = readPaint(
    { fnArray: steps.map(([name]) => name), argsArray: steps.map(([, args]) => args) },
    ops,
    [1, 0, 0, 1, 0, 0],
  );
  expect(unseen).toEqual([{ left: 20, right: 44, bottom: 40, top: 54 }]);
});
