/** Random models of 4 bits, as the engine reads them. */
import { expect, test } from 'vitest';
import { readModelConfig } from '../../../src/config/read-model-config';
import { chooseFormats } from '../../../src/weights/choose-formats';
import { quantizedModel } from '../../../tools/bench/quantized-model';
import { qwen2Shape } from '../../../tools/bench/qwen2-shape';

const config = {
  ...qwen2Shape,
  vocab_size: 96,
  hidden_size: 64,
  intermediate_size: 128,
  num_hidden_layers: 2,
};
const shape = { ...config, num_attention_heads: 4, num_key_value_heads: 2, tie_word_embeddings: false };

test('all matrices stay as they are, in 4 bits, and the file has the bytes that it says', async () => {
  const source = quantizedModel('random:test', shape, (name) =>
    name.endsWith('.q_proj.weight') ? { mean: 0, deviation: 0.5 } : undefined,
  );
  const parsed = await readModelConfig(source);
  const formats = await chooseFormats(source, parsed, undefined);
  expect(formats.all).toEqual(['q4']);
  const opened = (await source.open('model.safetensors', {}))!;
  let numBytes = 0;
  for await (const piece of opened.stream as unknown as AsyncIterable<Uint8Array>) numBytes += piece.length;
  expect(numBytes).toBe(opened.sizeBytes);
});

test('columns that are no whole groups are refused by their matrix', () => {
  expect(() => quantizedModel('random:test', { ...shape, hidden_size: 80, head_dim: 16 })).toThrow(
    'columns, no whole groups',
  );
});
