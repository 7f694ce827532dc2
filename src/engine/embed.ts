/** Texts as vectors: a part on demand. */
import type { ModelConfig } from '../config/model-config';
import { checkModules, mayBeCut, parsePooling, type Pooling } from '../config/pooling';
import { checkIds, promptTooLong } from '../loop/admission';
import { encodeText } from '../prompt/encode-prompt';
import type { ModelSource } from '../source/model-source';
import { poolingFile } from '../source/pooling-file';
import { readJson } from '../source/read-json';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { EngineError } from '../util/errors';
import type { DeviceSide } from './device-side';
import { Embedding } from './embedding';

/** Texts or token ids, and how their vectors are wished. */
export interface EmbeddingWish {
  readonly inputs: readonly (string | readonly number[])[];
  /** In place of what the model's files say. */
  readonly pooling?: Pooling | undefined;
  /** Values of a vector; absent: as many as the model has. */
  readonly dimensions?: number | undefined;
}

/** Vectors of the length 1, in the order of the inputs, and the tokens of all inputs together. */
export interface Embeddings {
  readonly vectors: readonly Float32Array<ArrayBuffer>[];
  readonly numTokens: number;
}

/** What of an engine embeds. */
interface EmbedContext {
  readonly source: ModelSource;
  readonly config: ModelConfig;
  readonly tokenizer: Tokenizer;
  readonly side: DeviceSide;
  readonly signal: AbortSignal | undefined;
}

/**
 * The vectors of all inputs, one after the other, among what else the engine answers. A text gets what the model's files put around a
 * prompt, such as an end token; ids are taken as they are. No pages are reused, and none are left.
 * @throws EngineError `unsupported` where the files say nothing of embeddings and the wish names no pooling, or for dimensions that the
 * model has not; `context-too-long`, `not-finite`, and what `EngineCore.generate` throws; RangeError for an input without tokens or with
 * ids that the model does not know; the signal's reason
 */
export async function embed(
  { inputs, pooling, dimensions }: EmbeddingWish,
  { source, config, tokenizer, side, signal }: EmbedContext,
): Promise<Embeddings> {
  await side.ready();
  const { hiddenSize: width, vocabSize } = config;
  const wanted = pooling ?? (await poolingOf(source, signal));
  if (dimensions !== undefined && dimensions !== width) {
    const isCut = dimensions < width && mayBeCut(await readJson(source, 'config.json', signal), dimensions);
    if (!isCut) throw wrongDimensions(dimensions, width);
  }
  const { contextTokens } = side.runner.plan;
  const encoded: (readonly number[])[] = [];
  for (const [index, input] of inputs.entries()) {
    const isText = typeof input === 'string';
    const ids = isText
      ? tokenizer.surround(await encodeText(input, false, { tokenizer, contextTokens, signal }))
      : input;
    if (ids.length === 0) throw new RangeError(`"input[${index}]" has no tokens.`);
    if (ids.length > contextTokens) throw promptTooLong(ids.length, contextTokens);
    checkIds(ids, vocabSize);
    encoded.push(ids);
  }
  const vectors: Float32Array<ArrayBuffer>[] = [];
  for (const ids of encoded) {
    const embedding = new Embedding(ids, wanted, width);
    vectors.push(await vectorOf(embedding, dimensions ?? width, side, signal));
  }
  return { vectors, numTokens: encoded.reduce((sum, ids) => sum + ids.length, 0) };
}

async function vectorOf(
  embedding: Embedding,
  dimensions: number,
  side: DeviceSide,
  signal: AbortSignal | undefined,
): Promise<Float32Array<ArrayBuffer>> {
  signal?.throwIfAborted();
  const onAbort = () => side.loop.abort(embedding, signal!.reason);
  signal?.addEventListener('abort', onAbort);
  side.add(embedding);
  try {
    const vector = (await embedding.rows).vector(dimensions);
    if (!vector) {
      throw new EngineError(
        'not-finite',
        'The model computed hidden states that are infinite, no numbers, or all zero, so there is no vector. Its weights may be damaged.',
      );
    }
    return vector;
  } finally {
    signal?.removeEventListener('abort', onAbort);
    side.loop.drop(embedding.promptIds, embedding.origin);
  }
}

/** @throws EngineError `unsupported` where the model's files say nothing, or something else */
async function poolingOf(source: ModelSource, signal: AbortSignal | undefined): Promise<Pooling> {
  const [modules, config] = await Promise.all([
    readJson(source, 'modules.json', signal),
    readJson(source, poolingFile, signal),
  ]);
  checkModules(modules);
  const pooling = parsePooling(config);
  if (pooling) return pooling;
  throw new EngineError(
    'unsupported',
    `This model's files say nothing of embeddings: there is no ${poolingFile} (in GGUF: pooling_type). Load a model that is made for ` +
      'them, or name a "pooling".',
    { field: 'input' },
  );
}

function wrongDimensions(dimensions: number, width: number): EngineError {
  return new EngineError(
    'unsupported',
    `"dimensions" is ${dimensions}, but this model's vectors have ${width}, and its config.json does not say that they may be cut so ` +
      '(is_matryoshka, matryoshka_dimensions).',
    { field: 'dimensions' },
  );
}
