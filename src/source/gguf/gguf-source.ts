/** A GGUF file, whole or split, as the model folder that it stands for: metadata become files, tensors stay where they are. */
import { EngineError } from '../../util/errors';
import { fromF16Bits } from '../../util/f16';
import { ggufTokenizer } from '../../tokenizer/gguf-tokenizer';
import { poolingFile } from '../pooling-file';
import type { ModelSource, OpenedFile } from '../model-source';
import { ggufConfig, ropeFactorTensors, type RopeFactors } from './gguf-config';
import { GgufHeaderReader, type GgufHeader, type GgufTensor } from './gguf-header';
import { GgufMetadata } from './gguf-metadata';

/** A file's header, and its name. */
type NamedHeader = GgufHeader & { readonly name: string };

/** What `pooling_type` means, in the words of sentence-transformers; others are refused when they are asked for. */
const poolingNames = ['none', 'mean', 'cls', 'lasttoken', 'rank'];

/** Most parts that a model is split into: names have five digits for them. */
const maxParts = 99_999;
const partName = /^(.*)-(\d{5})-of-(\d{5})\.gguf$/;

/**
 * @param base where the file lies
 * @param name the file, or any one of a split model's
 * @throws EngineError `weights-corrupt`, `model-unsupported`, `network`; the signal's reason when aborted
 */
export async function ggufSource(
  base: ModelSource,
  name: string,
  signal?: AbortSignal,
): Promise<ModelSource> {
  const headers = await readHeaders(base, name, signal);
  const [first] = headers as [NamedHeader, ...NamedHeader[]];
  const metadata = new GgufMetadata(first.name, first.metadata);
  const tensors = headers.flatMap((header) => header.tensors);
  const names = new Set<string>();
  for (const tensor of tensors) {
    if (names.has(tensor.name))
      throw corrupt(first.name, `two of its parts have the tensor '${tensor.name}'`);
    names.add(tensor.name);
  }
  const config = ggufConfig(metadata, tensors, await readFactors(base, headers, signal));
  const id = (key: string) => metadata.number(`tokenizer.ggml.${key}_token_id`);
  const { tokenizer, tokenizerConfig, eosIds } = ggufTokenizer({
    model: metadata.text('tokenizer.ggml.model') ?? 'none',
    pre: metadata.text('tokenizer.ggml.pre'),
    tokens: metadata.texts('tokenizer.ggml.tokens') ?? [],
    types: metadata.numbers('tokenizer.ggml.token_type'),
    scores: metadata.numbers('tokenizer.ggml.scores'),
    merges: metadata.texts('tokenizer.ggml.merges'),
    ids: {
      bos: id('bos'),
      eos: id('eos'),
      eot: id('eot'),
      eom: id('eom'),
      unknown: id('unknown'),
      padding: id('padding'),
    },
    addsBos: metadata.boolean('tokenizer.ggml.add_bos_token'),
    addsEos: metadata.boolean('tokenizer.ggml.add_eos_token'),
    addsSpacePrefix: metadata.boolean('tokenizer.ggml.add_space_prefix'),
    chatTemplate: metadata.text('tokenizer.chat_template'),
  });
  const parsed = new Map<string, unknown>([
    ['config.json', { ...config, eos_token_id: eosIds }],
    ['tokenizer.json', tokenizer],
    ['tokenizer_config.json', tokenizerConfig],
  ]);
  const pooling = metadata.number(`${metadata.architecture}.pooling_type`);
  if (pooling !== undefined) {
    parsed.set(poolingFile, { pooling_mode: poolingNames[pooling] ?? String(pooling) });
  }
  const sampling = samplingOf(metadata);
  if (sampling) parsed.set('generation_config.json', sampling);
  return {
    id: `${base.id} ${first.name}`,
    // Beside a file there may be those of another model: only what is in it counts.
    readText: async (file) => (parsed.has(file) ? JSON.stringify(parsed.get(file)) : undefined),
    open: (file, options) => base.open(file, options),
    parsed,
    gguf: {
      architecture: metadata.architecture,
      heads: {
        numHeads: config['num_attention_heads'] as number,
        numKvHeads: config['num_key_value_heads'] as number,
      },
      files: headers.map(({ name, tensors, dataBytes }) => ({ name, tensors, dataBytes })),
    },
  };
}

/** What a file recommends for sampling, as `generation_config.json` says it; undefined where it recommends nothing. */
function samplingOf(metadata: GgufMetadata): Record<string, number> | undefined {
  const keys = {
    temperature: 'temp',
    top_k: 'top_k',
    top_p: 'top_p',
    min_p: 'min_p',
    repetition_penalty: 'penalty_repeat',
  };
  const known = Object.entries(keys).flatMap(([name, key]) => {
    const value = metadata.number(`general.sampling.${key}`);
    return value === undefined ? [] : [[name, value] as const];
  });
  return known.length > 0 ? Object.fromEntries(known) : undefined;
}

/** The headers of all parts, in their order. */
async function readHeaders(
  base: ModelSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<NamedHeader[]> {
  const part = partName.exec(name);
  const numNamed = part ? Number(part[3]) : 1;
  const nameOf = (index: number) =>
    part ? `${part[1]}-${String(index + 1).padStart(5, '0')}-of-${part[3]}.gguf` : name;
  const first = await readHeader(base, nameOf(0), signal);
  const numParts = first.metadata.get('split.count') ?? 1;
  const isSplit = typeof numParts === 'number' && numParts > 1;
  if (isSplit !== numNamed > 1 || (isSplit && numParts !== numNamed) || numNamed > maxParts) {
    throw corrupt(
      first.name,
      `it says that it is one of ${String(numParts)} parts, its name says ${numNamed}`,
    );
  }
  const headers = [first];
  for (let index = 1; index < numNamed; index++) headers.push(await readHeader(base, nameOf(index), signal));
  if (isSplit) {
    for (const [index, { name, metadata }] of headers.entries()) {
      const [number, count] = [metadata.get('split.no'), metadata.get('split.count')];
      if (number !== index || count !== numNamed) {
        throw corrupt(name, `it says that it is part ${String(number)} of ${String(count)}, counted from 0`);
      }
    }
  }
  return headers;
}

async function readHeader(
  base: ModelSource,
  name: string,
  signal: AbortSignal | undefined,
): Promise<NamedHeader> {
  const { stream, sizeBytes } = await openFile(base, name, 0, signal);
  const header = new GgufHeaderReader(name, sizeBytes);
  const reader = stream.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      const read = done ? header.end() : header.push(value);
      if (read) return { ...read, name };
    }
  } finally {
    // What it fails with, the read has met.
    await reader.cancel().catch(() => undefined);
  }
}

async function openFile(
  base: ModelSource,
  name: string,
  offsetBytes: number,
  signal: AbortSignal | undefined,
): Promise<OpenedFile> {
  const opened = await base.open(name, { offsetBytes, ...(signal && { signal }) });
  if (!opened) throw new EngineError('model-unsupported', `There is no file '${name}'.`);
  return opened;
}

/** The few tensors that belong to the configuration. */
async function readFactors(
  base: ModelSource,
  headers: readonly NamedHeader[],
  signal: AbortSignal | undefined,
): Promise<RopeFactors> {
  const factors: { -readonly [K in keyof RopeFactors]: RopeFactors[K] } = {};
  for (const { name, tensors } of headers) {
    for (const tensor of tensors) {
      const key = ropeFactorTensors[tensor.name];
      if (key) factors[key] = await readFloats(base, name, tensor, signal);
    }
  }
  return factors;
}

/** Most elements of a tensor of the configuration: half a head. */
const maxFactors = 4096;

async function readFloats(
  base: ModelSource,
  file: string,
  { name, type, offsetBytes, sizeBytes }: GgufTensor,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  if ((type !== 'F32' && type !== 'F16') || sizeBytes > 4 * maxFactors)
    throw corrupt(file, `tensor '${name}' is ${sizeBytes} bytes of ${type}`);
  const { stream } = await openFile(base, file, offsetBytes, signal);
  const bytes = new Uint8Array(sizeBytes);
  const reader = stream.getReader();
  try {
    for (let done = 0; done < sizeBytes;) {
      const { value } = await reader.read();
      signal?.throwIfAborted();
      if (!value) throw corrupt(file, `it ends in the middle of tensor '${name}'`);
      const part = value.subarray(0, sizeBytes - done);
      bytes.set(part, done);
      done += part.length;
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  if (type === 'F32') return new Float32Array(bytes.buffer);
  return Float32Array.from(new Uint16Array(bytes.buffer), fromF16Bits);
}

function corrupt(file: string, why: string): EngineError {
  return new EngineError('weights-corrupt', `The GGUF file '${file}' is damaged: ${why}.`);
}
