/** The format that a model's stored documents have, on a database in memory. */
import { IDBFactory } from 'fake-indexeddb';
import 'fake-indexeddb/auto';
import { beforeEach, expect, test } from 'vitest';
import { parseModelConfig } from '../../support/parse-config';
import { pageOriginKey } from '../../../src/documents/page-origin';
import { keptFormat } from '../../../src/documents/kept-format';
import { DocumentLibrary } from '../../../src/documents/library';
import type { KvFormat } from '../../../src/kernels/attention/kv-format';

beforeEach(() => {
  globalThis.indexedDB = new IDBFactory();
});

const modelOf = (numLayers: number, eos = 2) =>
  parseModelConfig({
    architectures: ['LlamaForCausalLM'],
    vocab_size: 64,
    hidden_size: 64,
    intermediate_size: 64,
    num_hidden_layers: numLayers,
    num_attention_heads: 2,
    max_position_embeddings: 256,
    eos_token_id: eos,
  });
const config = modelOf(2);

/** Stores the beginning of a document of a model of two layers. */
async function store(id: string, format: KvFormat, hostFormat = format): Promise<void> {
  const cache = { format, hostFormat };
  const origin = { weightsId: 'w', textId: 't', weights: 'f16', contextTokens: 256 };
  const library = new DocumentLibrary({
    fingerprint: pageOriginKey({ ...origin, config, cache }),
    layout: { numLayers: 2, numKvHeads: 2, pageBytes: 64, summaryBytes: 8 },
    pages: { format: hostFormat, headDim: 32 },
    locks: undefined,
  });
  const draft = await library.draft(id, id);
  await library.begin(draft, { id, title: id, text: id, head: '', renderedAt: 1, ids: [1], details: {} });
  draft.lock.release();
}

test('is that of the one that was used last, of the same model', async () => {
  expect(await keptFormat(config, undefined)).toBeUndefined();
  await store('first', 'f16');
  expect(await keptFormat(config, undefined)).toBe('f16');
  expect(await keptFormat(modelOf(3), undefined)).toBeUndefined();
  // Where answers end says nothing of pages.
  expect(await keptFormat(modelOf(2, 5), undefined)).toBe('f16');
  await new Promise((resolve) => setTimeout(resolve, 2));
  await store('second', 'int8');
  expect(await keptFormat(config, undefined)).toBe('int8');
});

test('is none that only a caller chooses, nor one stored otherwise than this engine would', async () => {
  await store('wide', 'f32');
  expect(await keptFormat(config, undefined)).toBeUndefined();
  await store('packed', 'f16', 'int8');
  expect(await keptFormat(config, undefined)).toBeUndefined();
  expect(await keptFormat(config, 'int8')).toBe('f16');
});

test('is unknown where the database cannot be opened', async () => {
  await store('first', 'f16');
  globalThis.indexedDB.open = () => {
    throw new DOMException('Not here.', 'SecurityError');
  };
  expect(await keptFormat(config, undefined)).toBeUndefined();
});
