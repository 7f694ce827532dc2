/** Which models another engine is measured on beside ours, and with which files. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Browser } from 'playwright';
import type { BenchModel } from './models';
import type { Peer } from './run-models';
import { repositoryRoot } from './browser-engine';
import { openLlamaCpp } from './llama-cpp';
import type { BenchOptions } from './options';
import { numTextTokens, writeQwen2Gguf } from './qwen2-gguf';

const story = 'Lily and her dog went to the park. They saw a big tree and a little bird. ';

/** llama.cpp for stories260K wherever its GGUF file is, and for GGUF files and the Qwen2 shape when the options ask for peers. */
export async function openPeer(
  browser: Browser,
  model: BenchModel,
  { hasPeers }: BenchOptions,
): Promise<Peer | undefined> {
  const { location } = model;
  const isGguf = location?.endsWith('.gguf');
  if (location !== undefined && (!isGguf || hasPeers)) {
    const ggufPath = isGguf ? location : join(location, `${model.name}-f32.gguf`);
    // About four characters a token.
    const prompt = (numTokens: number, round: number) =>
      `Tom has ${round} cats. ${story.repeat(1 + (4 * numTokens) / story.length)}`.slice(0, 4 * numTokens);
    const weights = isGguf ? "the file's" : 'f32';
    return openLlamaCpp(browser, { ggufPath, weights, contextTokens: isGguf ? 2048 : 512, prompt });
  }
  if (isGguf || !hasPeers) return undefined;
  const ggufPath = join(repositoryRoot, '.cache/bench/qwen2-0.5b-q4_0.gguf');
  if (!existsSync(ggufPath)) await writeQwen2Gguf(ggufPath);
  const prompt = (numTokens: number, round: number) => numTextTokens(numTokens, round);
  return openLlamaCpp(browser, { ggufPath, weights: 'q4_0', contextTokens: 2048, prompt });
}
