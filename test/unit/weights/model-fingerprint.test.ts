/** What tells two models of one shape apart. */
import { expect, test } from 'vitest';
import type { ModelSource } from '../../../src/source/model-source';
import { fingerprintModel } from '../../../src/weights/model-fingerprint';

/** A GGUF file of 100 bytes of header, which is all alike, and values. */
function ggufSource(values: number[]): ModelSource {
  const bytes = Uint8Array.of(...Array.from({ length: 100 }, () => 7), ...values);
  return {
    id: 'a file',
    readText: (name) => Promise.resolve(name === 'config.json' ? '{"model_type":"llama"}' : undefined),
    open: (name, { offsetBytes = 0 } = {}) =>
      Promise.resolve(
        name === 'model.gguf'
          ? { sizeBytes: bytes.length, stream: new Blob([bytes.subarray(offsetBytes)]).stream() }
          : undefined,
      ),
    gguf: {
      architecture: 'llama',
      heads: { numHeads: 1, numKvHeads: 1 },
      files: [{ name: 'model.gguf', tensors: [], dataBytes: 100 }],
    },
  };
}

test('GGUF files of one configuration are told apart by their values', async () => {
  const first = await fingerprintModel(ggufSource([1, 2, 3]));
  expect(first).toMatch(/^sha256:[0-9a-f]{32}$/);
  expect(await fingerprintModel(ggufSource([1, 2, 3]))).toBe(first);
  expect(await fingerprintModel(ggufSource([1, 2, 4]))).not.toBe(first);
});
