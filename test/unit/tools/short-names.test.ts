import { expect, test } from 'vitest';
import { shortNames } from '../../../tools/build/short-names';

const own = `
  interface Plan { readonly numRows: number; gpuBytes: number; maxTokens: number; byteLength: number; storedBytes: number }
  class Runner { constructor(readonly hostStore: Store) {} freeSlots() {} plain() {} named_so() {} }
  const parts = { firstRow: 1, lastRow: 2 };`;
const kept = 'interface Manifest { storedBytes: number }';
const known = 'interface ArrayBuffer { byteLength: number } interface PublicPlan { gpuBytes: number }';
const built =
  'a.numRows;a.numRows;a.numRows;b.hostStore;b.hostStore;c.freeSlots();d.firstRow;e.lastRow;read(f,`maxTokens`);' +
  'g.gpuBytes;h.byteLength;i.storedBytes;j.plain();k.named_so();var l={a:1};export{l as lastRow};';

test('only names in camel case that nobody else knows become short, the most frequent the shortest', () => {
  expect(
    Object.keys(shortNames({ own: [own], packages: [], kept: [kept], known: [known], built: [built] })),
  ).toEqual(['numRows', 'hostStore', 'firstRow', 'freeSlots']);
});

test('new names are unlike each other and unlike every word that is there', () => {
  const names = Array.from({ length: 4000 }, (_, i) => `number${i}Of`);
  const source = names.map((name) => `a.${name};`).join('');
  const declared = `interface All { ${names.map((name) => `${name}: number`).join('; ')} }`;
  const short = Object.values(
    shortNames({ own: [declared], packages: [], kept: [], known: ['ab ba if in'], built: [`${source}x.ca`] }),
  );
  expect(new Set(short).size).toBe(4000);
  expect(Math.max(...short.map((name) => name.length))).toBe(3);
  for (const word of ['ab', 'ba', 'ca', 'if', 'in']) expect(short).not.toContain(word);
});

test('the same sources give the same names', () => {
  const sources = { own: [own], packages: [], kept: [kept], known: [known], built: [built] };
  expect(shortNames(sources)).toEqual(shortNames({ ...sources, built: [...sources.built] }));
});

test('of a package what its objects call on themselves becomes short, and nothing else in snake case', () => {
  const packages = [
    'var A = class { ioMode = 1; read_all(a_key) { if (this.config.strip_all) this.strip_all(); return this.file_key; }' +
      'strip_all() { this.read_all(1); } forEach() {} keep_all() { const { keep_all } = this.config; } };',
  ];
  const text = 'a.read_all();a.ioMode;a.file_key;a.forEach();a.a_key;a.strip_all();a.keep_all()';
  const names = shortNames({ own: [], packages, kept: [], known: ['forEach'], built: [text] });
  expect(Object.keys(names).sort()).toEqual(['ioMode', 'read_all']);
});
