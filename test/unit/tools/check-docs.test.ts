import { expect, test } from 'vitest';
import { undocumentedExports } from '../../../tools/gate/check-docs.mjs';

test('docs check accepts documented exports and looks at nothing else', () => {
  const source = `
    /** A number. */
    export const a = 1;
    const hidden = 2;
    /** One overload speaks for all. */
    export function f(x: string): void;
    export function f(x: number): void;
    export function f(): void {}
    export { hidden };
    export * from './other';
  `;
  expect(undocumentedExports('a.ts', source)).toEqual([]);
});

test.each([
  ['export const a = 1;', 'a'],
  ['export function f() {}', 'f'],
  ['export class C {}', 'C'],
  ['export interface I {}', 'I'],
  ['export type T = string;', 'T'],
  ['// A plain comment documents nothing.\nexport enum E {}', 'E'],
])('docs check refuses %j', (source, name) => {
  expect(undocumentedExports('a.ts', source)).toEqual([
    expect.stringContaining(`'${name}' has no doc comment`),
  ]);
});
