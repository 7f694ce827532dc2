/** A model that is said to have its embedding as its head, and what its files have. */
import { expect, test } from 'vitest';
import { readModelConfig } from '../../../src/config/read-model-config';
import { withOwnHead } from '../../../src/weights/own-head';
import { folderSource } from '../../../tools/tiny-models/folder-source';
import { architectureModel } from '../../../tools/tiny-models/models';
import { readSafetensors, writeSafetensors, type Tensor } from '../../../tools/tiny-models/safetensors';

const folder = architectureModel('llama');
const tensors = readSafetensors(folder.files.get('model.safetensors')!);
const embeddingName = 'model.embed_tokens.weight';
const embedding = tensors.get(embeddingName)!;
const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const config = JSON.parse(new TextDecoder().decode(folder.files.get('config.json'))) as object;

/** `isHeadTied` with these heads beside the embedding; `isSharded`: in another file. */
async function isTied(head: Tensor | undefined, { says = true, isSharded = false } = {}): Promise<boolean> {
  const files = new Map(folder.files);
  files.set('config.json', encode({ ...config, tie_word_embeddings: says }));
  const first = new Map([[embeddingName, embedding]]);
  const second = new Map(head && [['lm_head.weight', head]]);
  if (isSharded) {
    files.delete('model.safetensors');
    files.set('a.safetensors', writeSafetensors(first, 'F32'));
    files.set('b.safetensors', writeSafetensors(second, 'F32'));
    const weight_map = {
      [embeddingName]: 'a.safetensors',
      ...(head && { 'lm_head.weight': 'b.safetensors' }),
    };
    files.set('model.safetensors.index.json', encode({ weight_map }));
  } else files.set('model.safetensors', writeSafetensors(new Map([...second, ...first]), 'F32'));
  const source = folderSource({ ...folder, files });
  return (await withOwnHead(await readModelConfig(source), source)).isHeadTied;
}

const other: Tensor = { ...embedding, data: embedding.data.map((value, i) => (i === 5 ? -value : value)) };

test.each([false, true])(
  'a head of its own is used, a copy of the embedding is not; sharded: %s',
  async (isSharded) => {
    expect(await isTied(other, { isSharded })).toBe(false);
    expect(await isTied({ ...embedding, data: embedding.data.slice() }, { isSharded })).toBe(true);
    expect(await isTied(undefined, { isSharded })).toBe(true);
  },
);

test('of large matrices the beginning, the middle and the end are compared', async () => {
  const numRows = 4096;
  const shape = [numRows, 64];
  const large = new Float32Array(numRows * 64).map((_, i) => i % 97);
  for (const at of [0, large.length / 2, large.length - 1]) {
    const changed = large.slice();
    changed[at]! += 1;
    const files = new Map(folder.files);
    files.set('config.json', encode({ ...config, tie_word_embeddings: true }));
    const both = new Map<string, Tensor>([
      [embeddingName, { ...embedding, shape, data: large }],
      ['lm_head.weight', { ...embedding, shape, data: changed }],
    ]);
    files.set('model.safetensors', writeSafetensors(both, 'F32'));
    const source = folderSource({ ...folder, files });
    expect((await withOwnHead(await readModelConfig(source), source)).isHeadTied).toBe(false);
  }
});

test('a configuration that says that the head is its own stands', async () => {
  expect(await isTied(other, { says: false })).toBe(false);
});

test.each([false, true])(
  'the header of a file is asked for once; with a head beside the embedding: %s',
  async (hasHead) => {
    const files = new Map(folder.files);
    files.set('config.json', encode({ ...config, tie_word_embeddings: true }));
    const tensors = new Map([
      [embeddingName, embedding],
      ...(hasHead ? [['lm_head.weight', embedding] as const] : []),
    ]);
    files.set('model.safetensors', writeSafetensors(tensors, 'F32'));
    const source = folderSource({ ...folder, files });
    const asked: (readonly [headBytes: number | undefined, offsetBytes: number | undefined])[] = [];
    const watched = {
      ...source,
      open: (...args: Parameters<typeof source.open>) => {
        asked.push([args[1]?.headBytes, args[1]?.offsetBytes]);
        return source.open(...args);
      },
      readText: source.readText.bind(source),
    };
    expect((await withOwnHead(await readModelConfig(source), watched)).isHeadTied).toBe(true);
    const [header, ...comparisons] = asked;
    expect(header).toEqual([128 * 1024, undefined]);
    // Both matrices are small enough to be compared whole.
    expect(comparisons.map(([, offsetBytes]) => (offsetBytes ?? 0) > 0)).toEqual(hasHead ? [true, true] : []);
  },
);
