/**
 * The test models as folders in Hugging Face layout, in memory, and the goldens that engines we did not write gave for
 * them. Not a test itself: tests of the CPU reference and of the GPU engine read from here.
 */
import { readFileSync, readdirSync } from 'node:fs';
import { architectureSpecs, type ModelSpec } from './model-configs';
import { makeWeights } from './model-weights';
import { randomSource } from '../util/random';
import { readSafetensors, writeSafetensors, type Tensor } from './safetensors';
import { tinyChatTemplate, tinyTokenizerConfig, tinyTokenizerJson } from './tiny-tokenizer';

/** A model folder: file name to content. */
export interface ModelFolder {
  readonly name: string;
  readonly title: string;
  readonly files: Map<string, Uint8Array>;
}

const fixtures = new URL('../../test/fixtures/', import.meta.url);
const encoder = new TextEncoder();

/** The files of one model; the same bytes on every machine. */
export function makeModel(spec: ModelSpec): ModelFolder {
  const { name, title, config, type = 'F32', numShards = 1 } = spec;
  const files = new Map<string, Uint8Array>();
  const addJson = (path: string, value: object) =>
    files.set(path, encoder.encode(`${JSON.stringify(value, null, 1)}\n`));
  addJson('config.json', config);
  addJson('generation_config.json', { bos_token_id: 0, eos_token_id: [1, 3] });
  addJson('tokenizer.json', tinyTokenizerJson());
  addJson('tokenizer_config.json', tinyTokenizerConfig());
  files.set('chat_template.jinja', encoder.encode(tinyChatTemplate));
  const tensors = [...makeWeights(config, name, type)];
  if (numShards === 1) {
    files.set('model.safetensors', writeSafetensors(new Map(tensors), type));
    return { name, title, files };
  }
  const perShard = Math.ceil(tensors.length / numShards);
  const weightMap: Record<string, string> = {};
  const pad = (value: number) => String(value).padStart(5, '0');
  for (let shard = 0; shard < numShards; shard++) {
    const part = tensors.slice(shard * perShard, (shard + 1) * perShard);
    const path = `model-${pad(shard + 1)}-of-${pad(numShards)}.safetensors`;
    for (const [tensor] of part) weightMap[tensor] = path;
    files.set(path, writeSafetensors(new Map(part), type));
  }
  const numElements = tensors.reduce((sum, [, { data }]) => sum + data.length, 0);
  const totalBytes = numElements * (type === 'F32' ? 4 : 2);
  addJson('model.safetensors.index.json', { metadata: { total_size: totalBytes }, weight_map: weightMap });
  return { name, title, files };
}

/** One model for every architecture and variant, made anew from seeds; goldens: `transformersGoldens(name)`. */
export function architectureModels(): ModelFolder[] {
  return architectureSpecs.map(makeModel);
}

/** One of them. @throws Error when none has this name. */
export function architectureModel(name: string): ModelFolder {
  return makeModel(findSpec(name));
}

function findSpec(name: string): ModelSpec {
  const spec = architectureSpecs.find((candidate) => candidate.name === name);
  if (!spec) throw new Error(`no architecture model is called '${name}'`);
  return spec;
}

/** The committed fixture `test/fixtures/models/tiny-llama`; goldens: `llamaCppGoldens('tiny-llama')`. */
export function tinyLlamaModel(): ModelFolder {
  return readModelFolder('tiny-llama', new URL('models/tiny-llama/', fixtures));
}

/** The embedded model, `public/models/scout`. */
export function scoutModel(): ModelFolder {
  return readModelFolder('scout', new URL('../../public/models/scout/', import.meta.url));
}

/** Where stories260K is, on machines that have it; goldens: `llamaCppGoldens('stories260K')`. */
export const storiesFolder = new URL('../../../shared/models/stories260K/', import.meta.url);

/** The model of `storiesFolder`. @throws Error when there is no such folder. */
export function storiesModel(): ModelFolder {
  return readModelFolder('stories260K', storiesFolder);
}

/** Reads a folder from disk, without its subfolders. @throws Error when there is no such folder. */
export function readModelFolder(name: string, folder: URL): ModelFolder {
  const paths = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isFile());
  const files = new Map(
    paths.map((entry) => [entry.name, new Uint8Array(readFileSync(new URL(entry.name, folder)))]),
  );
  return { name, title: `read from ${name}/`, files };
}

/** `config.json`, parsed. */
export function modelConfigJson({ files }: ModelFolder): unknown {
  return JSON.parse(new TextDecoder().decode(files.get('config.json')));
}

/** All tensors of a folder's safetensors files, in f32. */
export function modelTensors({ files }: ModelFolder): Map<string, Tensor> {
  const shards = [...files].filter(([path]) => path.endsWith('.safetensors'));
  return new Map(shards.flatMap(([, bytes]) => [...readSafetensors(bytes)]));
}

/** Lengths of the golden prompts of every architecture. */
export const goldenPromptLengths = [1, 15, 16, 17, 700] as const;

/** `length` token ids in [4, vocabSize): no special tokens of the test tokenizer. */
export function goldenPrompt(vocabSize: number, length: number): number[] {
  const next = randomSource(1000 + length);
  return Array.from({ length }, () => 4 + Math.floor(next() * (vocabSize - 4)));
}

/** The most probable tokens at one position, best first, and their natural-log probabilities at temperature 1. */
export interface TopLogprobs {
  readonly ids: readonly number[];
  readonly logprobs: readonly number[];
}

/** What a referee gave for one prompt. */
export interface Golden {
  /** The text that `prompt` is the tokens of, BOS first; none for random ids. */
  readonly text: string | undefined;
  readonly prompt: readonly number[];
  /** Greedy tokens, one a step. */
  readonly tokens: readonly number[];
  /** `top[i]` is the distribution from which `tokens[i]` was taken, given the prompt and the tokens before. */
  readonly top: readonly TopLogprobs[];
}

/** One file of `test/fixtures/goldens`: log-probabilities are integers, to be multiplied by `unit`. */
interface GoldenFile {
  readonly engine: string;
  readonly unit: number;
  readonly cases: readonly {
    readonly promptLength?: number;
    readonly text?: string;
    readonly prompt?: readonly number[];
    readonly tokens: readonly number[];
    readonly ids: readonly (readonly number[])[];
    readonly logprobs: readonly (readonly number[])[];
  }[];
}

/** @param vocabSize bounds the ids of prompts that are given by their length alone */
function readGoldens(path: string, vocabSize: number): Golden[] {
  const { unit, cases } = JSON.parse(
    readFileSync(new URL(`goldens/${path}`, fixtures), 'utf8'),
  ) as GoldenFile;
  return cases.map(({ promptLength, text, prompt, tokens, ids, logprobs }) => ({
    text,
    prompt: prompt ?? goldenPrompt(vocabSize, promptLength!),
    tokens,
    top: ids.map((row, step) => ({ ids: row, logprobs: logprobs[step]!.map((value) => value * unit) })),
  }));
}

/**
 * What transformers (PyTorch on the CPU, f32) gave for an architecture model: one golden a length of
 * `goldenPromptLengths`, 9 steps each; top 20 at the first step, top 5 at the others.
 */
export function transformersGoldens(name: string): Golden[] {
  return readGoldens(`transformers/${name}.json`, findSpec(name).config.vocab_size);
}

/**
 * What llama.cpp (f32 weights, f32 KV cache) gave for `tiny-llama`, `tiny-gguf` or `stories260K`: several prompts, the first of them
 * with 200 steps; top 20 at every step.
 */
export function llamaCppGoldens(name: 'tiny-llama' | 'tiny-gguf' | 'stories260K'): Golden[] {
  return readGoldens(`llama-cpp/${name}.json`, 0);
}
