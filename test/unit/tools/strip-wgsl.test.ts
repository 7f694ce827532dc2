import { expect, test } from 'vitest';
import { stripWgsl } from '../../../tools/vite/strip-wgsl';

test('comments, indentation and empty lines go, all else stays line by line', () => {
  const source = '// why\n\nfn main() {\n  let a = 1u; // one\n\n  return a / 2u;\n}\n';
  expect(stripWgsl(source)).toBe('fn main() {\nlet a = 1u;\nreturn a / 2u;\n}');
});

test('block comments may nest, and what stood around one stays apart', () => {
  expect(stripWgsl('let/* a /* b */ // c */x = 1u;')).toBe('let x = 1u;');
  expect(stripWgsl('a /* // */ = b; // /*\nc = d; // */')).toBe('a   = b;\nc = d;');
});

test('a block comment without an end is an error', () => {
  expect(() => stripWgsl('a /* b /* c */')).toThrow('no end');
});
