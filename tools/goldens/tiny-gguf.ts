/**
 * Goldens of the quantised test model by llama.cpp: `npx tsx tools/goldens/tiny-gguf.ts`. Writes
 * test/fixtures/goldens/llama-cpp/tiny-gguf.json.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ggufSource } from '../../src/source/gguf/gguf-source';
import { Tokenizer } from '../../src/tokenizer/tokenizer';
import { folderSource } from '../tiny-models/folder-source';
import { tinyGguf } from '../tiny-models/gguf-files';
import { untilEnd } from '../verify/compare';
import { dequantiseGguf } from '../verify/dequantise';
import { runLlamaCpp } from '../verify/llama-cpp';

const unit = 1e-5;
const numSteps = 24;
const texts = ['a', 'ab ab aab', 'ab a aab bab '.repeat(6).trim()];

const root = join(import.meta.dirname, '../..');
const folder = join(root, '.cache/goldens');
const model = join(folder, 'tiny.gguf');
mkdirSync(folder, { recursive: true });
writeFileSync(join(folder, 'quantised.gguf'), tinyGguf());
// llama.cpp rounds activations to 8 bits where weights are quantised.
dequantiseGguf(join(folder, 'quantised.gguf'), model);
const source = await ggufSource(
  folderSource({ name: 'tiny-gguf', title: '', files: new Map([['tiny.gguf', tinyGguf()]]) }),
  'tiny.gguf',
);
const tokenizer = Tokenizer.fromJson(
  source.parsed!.get('tokenizer.json'),
  source.parsed!.get('tokenizer_config.json'),
);
const prompts = texts.map((text) => ({ text, ids: tokenizer.encode(text) }));
const { version, steps } = await runLlamaCpp(model, prompts, numSteps);
/** EOS of the file. */
const eosId = 2;
const cases = prompts.map(({ text, ids: prompt }, i) => {
  const own = untilEnd(steps[i]!, [eosId]);
  return {
    text,
    prompt,
    tokens: own.map(({ ids }) => ids[0]),
    ids: own.map(({ ids }) => ids),
    logprobs: own.map(({ logprobs }) => logprobs.map((logprob) => Math.round(logprob / unit))),
  };
});
writeFileSync(
  join(root, 'test/fixtures/goldens/llama-cpp/tiny-gguf.json'),
  `${JSON.stringify({ engine: `llama.cpp ${version} by @wllama/wllama`, unit, cases })}\n`,
);
