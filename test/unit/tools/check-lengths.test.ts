import { expect, test } from 'vitest';
import { headerOf, judgeLength, limits } from '../../../tools/gate/check-lengths.mjs';

const lines = (length: number) => 'x();\n'.repeat(length);

test('a file is judged by the limits of its kind, and may be longer with a reason in its header', () => {
  const { wanted, most } = limits['.ts'];
  expect(judgeLength('src/a.ts', lines(wanted))).toBeUndefined();
  expect(judgeLength('src/a.ts', lines(wanted + 1))).toBe('long');
  expect(judgeLength('src/a.ts', lines(most + 1))).toBe('too long');
  expect(judgeLength('src/a.ts', `/** Does a.\n * Long because b. */\n${lines(most)}`)).toBeUndefined();
  expect(judgeLength('src/a.ts', `/** Does a. */\n// Long because b.\n${lines(most)}`)).toBe('too long');
  expect(judgeLength('shaders/a.wgsl', lines(limits['.wgsl'].most + 1))).toBe('too long');
});

test('a header is the comment at the beginning, of either kind, without its marks', () => {
  expect(headerOf('/**\n * One\n * two.\n */\nimport x;')).toContain('One two.');
  expect(headerOf('// One\n// two.\nfn main() {}\n// three')).toBe('One two. ');
  expect(headerOf('fn main() {}')).toBe('');
});
