import { expect, test } from 'vitest';
import { findCircles, staticImports } from '../../../tools/gate/check-circles.mjs';

const circlesOf = (graph: Record<string, string[]>) => findCircles(new Map(Object.entries(graph)));

test('a graph without a circle has none', () => {
  expect(circlesOf({ a: ['b', 'c'], b: ['d'], c: ['d'], d: [] })).toEqual([]);
});

test('circles are found wherever they hang, each once, whatever reaches them', () => {
  expect(
    circlesOf({ a: ['b'], b: ['c'], c: ['d'], d: ['b', 'e'], e: ['f'], f: ['e', 'a2'], a2: [] }),
  ).toEqual([
    ['e', 'f'],
    ['b', 'c', 'd'],
  ]);
  expect(circlesOf({ a: ['a'] })).toEqual([['a']]);
});

test('imports of types and exports from count; import() and packages do not', () => {
  const source = `
    import { a } from './a';
    import type { B } from '../b';
    export { c } from './c';
    export type * from './d';
    import ts from 'typescript';
    const e = await import('./e');`;
  expect(staticImports('src/x/y.ts', source)).toEqual(['src/x/a', 'src/b', 'src/x/c', 'src/x/d']);
});
