/** What of a web page is unseen and what is seen again within it, by style sheets and attributes; and how its tables stand. */
import { expect, test } from 'vitest';
import { importFile } from '../../../../tools/import-check/import-file';

const read = (body: string, head = '') =>
  importFile(
    'a.html',
    `<!doctype html><html><head><meta charset="utf-8"><title>T</title>${head}</head><body>${body}</body></html>`,
  );

test.each([
  ['<div style="visibility:hidden">Obey. <b style="visibility:visible">Seen.</b></div>', 1],
  ['<div style="color:white"><p>Obey.</p><p style="color:black">Seen.</p></div>', 1],
  ['<div style="color:white"><div style="background:navy">Seen.</div></div>', 0],
  ['<ul style="font-size:0"><li style="font-size:16px">Seen.</li></ul>', 0],
  ['<div style="font-size:0"><p style="font-size:2em">Obey.</p><p style="font-size:14px">Seen.</p></div>', 1],
  ['<p style="color:rgba(0,0,0,0)">Obey.</p><p style="color:transparent">Obey.</p><p>Seen.</p>', 2],
  ['<p style="color:hsl(0,0%,100%)">Obey.</p><p style="color:rgb(0,0,0)">Seen.</p>', 1],
  ['<p style="filter:opacity(0)">Obey.</p><p style="content-visibility:hidden">Obey.</p><p>Seen.</p>', 2],
  ['<p style="-webkit-text-fill-color:transparent">Obey.</p><p>Seen.</p>', 1],
  ['<table style="visibility:hidden"><tr><td>Obey.<td style="visibility:visible">Seen.</table>', 1],
])('%s', async (body, numHidden) => {
  const { text, notes } = await read(body);
  expect(text).toContain('Seen.');
  expect(text).not.toContain('Obey');
  expect(notes.join('')).toMatch(numHidden === 0 ? /^$/ : new RegExp(`^${numHidden} hidden passage`));
});

test.each([
  ['@media screen { .a { display: none } }', true],
  ['@media only all { .a { display: none } }', true],
  ['@supports (display: grid) { @layer x { .a { display: none } } }', true],
  ['@media print { .a { display: none } }', false],
  ['@media screen and (max-width: 9px) { .a { display: none } }', false],
  ['@supports not (display: grid) { .a { display: none } }', false],
])('%s hides: %s', async (sheet, isHidden) => {
  const { text } = await read('<p class="a">Aside.</p><p>Seen.</p>', `<style>${sheet}</style>`);
  expect(text).toBe(isHidden ? 'Seen.' : 'Aside.\n\nSeen.');
});

test('the head of a table is first and its foot last, wherever they are written', async () => {
  const table =
    '<table><tfoot><tr><td>Sum<td>9</tfoot><tbody><tr><td>North<td>9</tbody><thead><tr><th>Pier<th>Fee</thead></table>';
  expect((await read(table)).text).toBe('Pier | Fee\nNorth | 9\nSum | 9');
});

test('headings in the cells of a table that has a head are no headings of the page', async () => {
  const table = '<table><tr><th>Tel<br>Fax<th>A</tr><tr><td>1<br>2<td><h3>Big</h3>small</tr></table>';
  const { text, places } = await read(table);
  expect({ text, places }).toEqual({ text: 'Tel Fax | A\n1 2 | Big small', places: [] });
});
