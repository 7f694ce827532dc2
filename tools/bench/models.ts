/** What is measured: the models by name, and how much work each gets on which kind of adapter. Data and pure choices. */
import { existsSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import type { WeightFormat } from '../../src/kernels/linear/weight-format';
import type { ModelConfig } from '../../src/config/model-config';
import type { ModelSource } from '../../src/source/model-source';
import { diskSource } from '../node/disk-source';
import { openModel } from '../node/open-model';
import { qwen2Shape } from './qwen2-shape';
import { randomModel } from './random-model';
import { numWeights } from './token-bytes';

/** A model to be measured. */
export interface BenchModel {
  readonly name: string;
  /** The format of all matrices; undefined: as the files have them. */
  readonly weights: WeightFormat | undefined;
  readonly source: ModelSource;
  /** Where its files lie, a GGUF file itself; absent when they are made up. */
  readonly location?: string;
}

/** Where the named models lie, from the repository's root on. */
const folders: Readonly<Record<string, string>> = {
  scout: 'public/models/scout',
  stories260K: '../shared/models/stories260K',
  'tiny-llama': 'test/fixtures/models/tiny-llama',
};

/** Names of the models that are measured unless others are asked for. */
export const modelNames: readonly string[] = [...Object.keys(folders), 'qwen2-0.5b'];

/**
 * The model of that name, or the folder or GGUF file that `name` is the path of; undefined when it is not on this machine.
 * @param weights instead of the model's usual format: q4 for the Qwen2 shape, a GGUF file's own, f16 for all others
 */
export async function findModel(
  name: string,
  root: string,
  weights: WeightFormat | undefined,
): Promise<BenchModel | undefined> {
  if (name === 'qwen2-0.5b') {
    return {
      name: `${name} shape`,
      weights: weights ?? 'q4',
      source: randomModel(`random:${name}`, qwen2Shape),
    };
  }
  const location = resolve(root, folders[name] ?? name);
  const model = { name: basename(location), location };
  if (location.endsWith('.gguf') && existsSync(location))
    return { ...model, weights, source: await openModel(location) };
  if (!existsSync(join(location, 'config.json'))) return undefined;
  return { ...model, weights: weights ?? 'f16', source: diskSource(location) };
}

/** Tokens and repetitions of one measurement. */
export interface Effort {
  readonly prefillTokens: number;
  readonly decodeTokens: number;
  readonly rounds: number;
}

/** What the caller fixed; the rest is chosen. */
export type EffortOptions = Partial<Effort> & { readonly isQuick: boolean };

/** Enough work for stable medians on a GPU; on a software adapter, what a few minutes allow. */
export function chooseEffort(config: ModelConfig, isSoftware: boolean, options: EffortOptions): Effort {
  const { isQuick } = options;
  const usual = usualEffort(numWeights(config), isSoftware);
  const shorter = (tokens: number) => Math.max(2, isQuick ? tokens / 4 : tokens);
  const prefillTokens =
    options.prefillTokens ?? Math.min(shorter(usual.prefillTokens), config.maxContext / 2);
  const decodeTokens = options.decodeTokens ?? Math.min(shorter(usual.decodeTokens), config.maxContext / 4);
  return { prefillTokens, decodeTokens, rounds: options.rounds ?? (isQuick ? 1 : usual.rounds) };
}

function usualEffort(weights: number, isSoftware: boolean): Effort {
  if (!isSoftware) return { prefillTokens: 512, decodeTokens: 128, rounds: 5 };
  if (weights < 3e6) return { prefillTokens: 256, decodeTokens: 64, rounds: 3 };
  if (weights < 1e8) return { prefillTokens: 128, decodeTokens: 16, rounds: 2 };
  return { prefillTokens: 32, decodeTokens: 4, rounds: 1 };
}
