/** Kept documents are bound to the content of the model that read them: where it lies decides nothing. */
import { afterEach, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { answer, loadEngine, requestOf } from '../support/engine';
import { useIndexedDb } from '../support/fake-indexeddb';
import { tinyLlamaModel, type ModelFolder } from '../../tools/tiny-models/models';

useIndexedDb();

const kv: KvOptions = {
  contextTokens: 512,
  numSequences: 2,
  pagesPerHead: 4,
  rerankInterval: 8,
  measureStability: false,
};
const text = Array.from({ length: 12 }, (_, i) => `The ${i}th whale of the voyage was white.\n`).join('');
const question = (document: { id: string } | { text: string }) =>
  requestOf(
    { kind: 'chat', messages: [{ role: 'user', content: 'How many?' }], document },
    { maxTokens: 12, ignoreEos: true },
  );

const engines: EngineCore[] = [];
async function load(model: ModelFolder): Promise<EngineCore> {
  const engine = await loadEngine(model, { kv });
  engines.push(engine);
  return engine;
}
afterEach(async () => {
  for (const engine of engines.splice(0)) await engine.dispose();
});

/** The model with one file changed, under the same address. */
function changed(model: ModelFolder, name: string, change: (bytes: Uint8Array) => Uint8Array): ModelFolder {
  return { ...model, files: new Map(model.files).set(name, change(model.files.get(name)!.slice())) };
}

/** Halves the last matrix rows: other answers, and a header that is the same. */
const otherWeights = (bytes: Uint8Array) => {
  bytes.subarray(bytes.length - 4096).fill(0);
  return bytes;
};

test('the same files at another address open what was kept; other weights at the same address read it anew', async () => {
  const model = tinyLlamaModel();
  const first = await load(model);
  await (await first.documents()).add('whales', text);
  const wanted = await answer(first, question({ id: 'whales' }));

  const moved = await load({ ...model, name: `${model.name}-on-another-site` });
  const there = await moved.documents();
  expect((await there.library.list()).map(({ state }) => state)).toEqual(['complete']);
  expect((await there.open('whales')).bytesRead).toBeGreaterThan(0);
  expect((await answer(moved, question({ id: 'whales' }))).tokenIds).toEqual(wanted.tokenIds);

  const released = await load(changed(model, 'model.safetensors', otherWeights));
  const now = await released.documents();
  expect(await now.library.list()).toMatchObject([
    { state: 'foreign', problem: expect.any(String) as string },
  ]);
  await expect(answer(released, question({ id: 'whales' }))).rejects.toMatchObject({
    code: 'document-damaged',
  });
  expect(await now.add('whales', text)).toMatchObject({ state: 'complete' });
  const rebuilt = await answer(released, question({ id: 'whales' }));
  const fresh = await answer(released, question({ text }));
  expect(rebuilt.tokenIds).toEqual(fresh.tokenIds);
});

test('another tokenizer or template makes kept documents foreign too', async () => {
  const model = tinyLlamaModel();
  await (await (await load(model)).documents()).add('text', text);
  const withNote = (bytes: Uint8Array) => {
    const json = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    return new TextEncoder().encode(JSON.stringify({ ...json, note: 'changed' }));
  };
  const states = async (engine: EngineCore) => {
    const infos = await (await engine.documents()).library.list();
    return infos.find(({ id }) => id === 'text')?.state;
  };
  for (const name of ['tokenizer.json', 'tokenizer_config.json']) {
    const other = await load(changed(model, name, withNote));
    expect(await states(other)).toBe('foreign');
  }
});
