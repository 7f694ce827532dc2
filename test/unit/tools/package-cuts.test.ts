import { Tokenizer } from '@huggingface/tokenizers';
import { expect, test } from 'vitest';
import { cutFunctions } from '../../../tools/vite/package-cuts';

const source = `
function make(config) { switch (config.type) { case "A": return new A(config); default: return { b: 1 }; } }
var A = class { run(text = "{") { return text; } stop() { return 1; } };
export { make, A };`;

test('a cut function has its new body, and nothing else changes', () => {
  expect(cutFunctions(source, { 'A.run': '', make: 'return null;' })).toBe(`
function make(config) { return null; }
var A = class { run(text = "{") {  } stop() { return 1; } };
export { make, A };`);
});

test.each(['gone', 'A.gone', 'run'])('a package without %s is refused', (name) => {
  expect(() => cutFunctions(source, { [name]: '' })).toThrow(`no function '${name}'`);
});

test('a package with two functions of a name is refused', () => {
  expect(() => cutFunctions(`${source}\nfunction make() {}`, { make: '' })).toThrow('or several');
});

test('tests run on the package as it is cut', () => {
  const json = { model: { type: 'BPE', vocab: { a: 0 }, merges: [] }, added_tokens: [] };
  const stages = { normalizer: null, pre_tokenizer: null, post_processor: null, decoder: { type: 'Fuse' } };
  const tokenizer = new Tokenizer({ ...json, ...stages }, {});
  expect(tokenizer.encode('aa').ids).toEqual([0, 0]);
  expect(tokenizer.decoder).toBeNull();
});
