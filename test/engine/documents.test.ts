/** The library through the engine, on a database in memory: read, kept, opened by another engine, resumed, damaged, moved. */
import { afterAll, afterEach, beforeAll, expect, test, vi } from 'vitest';
import type { Documents } from '../../src/documents/documents';
import type { EngineCore } from '../../src/engine/engine';
import { leastGpuBytes, planMemory, type KvOptions } from '../../src/runner/memory-plan';
import type { DocumentSource } from '../../src/loop/generation';
import { joinTexts } from '../../src/prompt/joined-texts';
import { EngineError } from '../../src/util/errors';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { useClock } from '../support/clock';
import { answer, loadEngine, requestOf, type Answer } from '../support/engine';
import { useIndexedDb } from '../support/fake-indexeddb';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

useIndexedDb();

const kv: KvOptions = {
  contextTokens: 1024,
  numSequences: 2,
  pagesPerHead: 4,
  unstableShare: 0.5,
  rerankInterval: 8,
};
const text = Array.from({ length: 22 }, (_, i) => `The ${i}th whale of the voyage was white.\n`).join('');
const question = (document: DocumentSource, content = 'How many?') =>
  requestOf(
    { kind: 'chat', messages: [{ role: 'user', content }], document },
    { maxTokens: 20, logprobs: 3, ignoreEos: true },
  );
const essence = ({ tokenIds, logprobs, end }: Answer) => ({
  tokenIds,
  logprobs,
  numPromptTokens: end.numPromptTokens,
});

let first: EngineCore;
let second: EngineCore;
let inFirst: Documents;
let inSecond: Documents;
let wanted: Answer;
beforeAll(async () => {
  [first, second] = [await loadEngine(tinyLlamaModel(), { kv }), await loadEngine(tinyLlamaModel(), { kv })];
  [inFirst, inSecond] = [await first.documents(), await second.documents()];
  wanted = await answer(second, question({ text }));
  await forget(second);
});
afterAll(async () => {
  for (const engine of [first, second]) {
    checkIntegrity(engine.runner.cache);
    await engine.dispose();
    expect(engine.device.buffers.use.total).toBe(0);
  }
});

afterEach(() => vi.restoreAllMocks());

/** Pushes everything stored out of the cache. */
async function forget(engine: EngineCore): Promise<void> {
  await Promise.all(
    [5, 6].map((id) => answer(engine, requestOf([id, id + 1, id + 2], { maxTokens: 1, ignoreEos: true }))),
  );
}

/** Changes one stored record of pages of a document. */
async function alterRecord(change: (bytes: Uint8Array) => Uint8Array): Promise<void> {
  const request = indexedDB.open('longpage-documents');
  const database = await new Promise<IDBDatabase>((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error!);
  });
  const store = database.transaction('records', 'readwrite').objectStore('records');
  await new Promise<void>((resolve) => {
    store.openCursor().onsuccess = ({ target }) => {
      const cursor = (target as IDBRequest<IDBCursorWithValue | null>).result!;
      const [, kind, list] = cursor.key as number[];
      if (kind !== 0 || list !== 1) cursor.continue();
      else cursor.update(change(cursor.value as Uint8Array)).onsuccess = () => resolve();
    };
  });
  database.close();
}

test('what is read answers as a text in the request does; another engine opens it and answers the same', async () => {
  const phases: string[] = [];
  const info = await inFirst.add('whales', text, {
    title: 'Whales',
    onProgress: ({ phase, numReadTokens, numTokens }) => {
      phases.push(phase);
      expect(numReadTokens).toBeLessThanOrEqual(numTokens);
    },
  });
  expect(info).toMatchObject({ id: 'whales', title: 'Whales', state: 'complete' });
  expect(new Set(phases)).toEqual(new Set(['tokenizing', 'reading', 'storing']));
  const here = await answer(first, question({ id: 'whales' }));
  expect(essence(here)).toEqual(essence(wanted));
  expect(here.end.numCachedTokens).toBe(info.numTokens - (info.numTokens % 16));

  const opened = await inSecond.open('whales');
  expect(opened.info).toMatchObject({ state: 'complete', numTokens: info.numTokens });
  expect(opened.bytesRead).toBeGreaterThan(0);
  expect(opened.bytesRead).toBeLessThan(0.75 * info.storedBytes);
  const there = await answer(second, question({ id: 'whales' }));
  expect(essence(there)).toEqual(essence(wanted));
  expect(there.end.numCachedTokens).toBe(here.end.numCachedTokens);
  expect((await inSecond.open('whales')).bytesRead).toBe(0);
  // A document that was pushed out is opened by the question.
  await forget(second);
  expect(essence(await answer(second, question({ id: 'whales' })))).toEqual(essence(wanted));
  expect(await inSecond.library.list()).toHaveLength(1);
  expect(await inFirst.library.text('whales')).toBe(text);
});

test('an engine whose plan would choose another format keeps that of the document, and opens it', async () => {
  const { config, device, runner } = first;
  const [weightBytes, { maxBindingBytes }] = [runner.plan.gpuBytes.weights, device];
  const gpuBytes = leastGpuBytes({ config, weightBytes, maxBindingBytes, kv }, kv.contextTokens!) - 1;
  const tight = { ...kv, gpuBytes };
  expect(planMemory({ config, weightBytes, maxBindingBytes, kv: tight }).cache.format).toBe('int8');
  const warnings: string[] = [];
  const onWarning = (message: string) => void warnings.push(message);
  const engine = await loadEngine(tinyLlamaModel(), { kv: tight, onWarning });
  try {
    expect(warnings).toEqual([expect.stringContaining('kv.unstableShare is 0.33')]);
    expect(engine.runner.plan.cache.format).toBe('f16');
    expect(engine.runner.plan.gaveWay.map(({ option }) => option)).toEqual(['unstableShare']);
    expect((await (await engine.documents()).open('whales')).info.state).toBe('complete');
  } finally {
    await engine.dispose();
  }
});

test('a closed document that four questions ask for at once is opened once', async () => {
  await forget(second);
  const open = vi.spyOn(inSecond.library, 'open');
  const answers = await Promise.all([1, 2, 3, 4].map(() => answer(second, question({ id: 'whales' }))));
  expect(open).toHaveBeenCalledTimes(1);
  for (const result of answers) expect(essence(result)).toEqual(essence(wanted));
});

test('an opening that is aborted ends with the reason, and leaves nothing behind', async () => {
  await forget(second);
  await expect(inSecond.open('whales', AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
  const controller = new AbortController();
  const opening = inSecond.open('whales', controller.signal);
  await inSecond.library.list();
  controller.abort(new Error('meanwhile'));
  await expect(opening).rejects.toThrow('meanwhile');
  checkIntegrity(second.runner.cache);
  expect((await inSecond.open('whales')).bytesRead).toBeGreaterThan(0);
  expect(essence(await answer(second, question({ id: 'whales' })))).toEqual(essence(wanted));
});

test('an estimate has the bytes that the reading takes', async () => {
  const cost = await inFirst.estimate(text);
  const [info] = await inFirst.library.list();
  expect(cost).toMatchObject({ numTokens: info!.numTokens, fits: true });
  // The manifest's own overheads aside.
  expect(cost.diskBytes / info!.storedBytes).toBeGreaterThan(0.95);
  expect(cost.diskBytes / info!.storedBytes).toBeLessThan(1.05);
  expect(cost.expectedMs).toBeGreaterThan(0);
});

test('a reading that is aborted goes on where it was, and answers about its part meanwhile', async () => {
  await forget(first);
  await useClock(first, 'slow');
  const controller = new AbortController();
  const aborted = inFirst.add('part', `${text}${text}`.slice(0, 1000), {
    signal: controller.signal,
    onProgress: ({ numReadTokens }) => {
      if (numReadTokens >= 300) controller.abort(new Error('enough'));
    },
  });
  await expect(aborted).rejects.toThrow('enough');
  const [part] = (await inFirst.library.list()).filter(({ id }) => id === 'part');
  expect(part).toMatchObject({ state: 'partial' });
  expect(part!.numReadTokens).toBeGreaterThanOrEqual(256);
  const about = await answer(first, question({ id: 'part' }));
  expect(about.end.numPromptTokens).toBeLessThan(part!.numReadTokens + 100);
  // Another engine goes on from what is stored; it has read the other document, which begins alike.
  await forget(second);
  const seen: number[] = [];
  let meanwhile: Promise<Answer> | undefined;
  const info = await inSecond.add('part', `${text}${text}`.slice(0, 1000), {
    onProgress: ({ phase, numReadTokens }) => {
      if (phase !== 'reading') return;
      seen.push(numReadTokens);
      // With its sources, for which the text is needed too.
      meanwhile ??= answer(second, { ...question({ id: 'part' }), sources: { numPassages: 1 } });
    },
  });
  expect((await meanwhile!).end.numPromptTokens).toBeLessThan(part!.numReadTokens + 100);
  expect(seen[0]).toBe(part!.numReadTokens);
  expect(info.state).toBe('complete');
  const resumed = await answer(second, question({ id: 'part' }));
  const fresh = await answer(first, question({ text: `${text}${text}`.slice(0, 1000) }));
  expect(essence(resumed)).toEqual(essence(fresh));
});

test('an altered record is found, named, never attended, and rebuilt', async () => {
  await forget(second);
  await inSecond.delete('part');
  await alterRecord((bytes) => {
    bytes[bytes.length - 1]! ^= 1;
    return bytes;
  });
  const failing = answer(second, question({ id: 'whales' }));
  await expect(failing).rejects.toMatchObject({ code: 'document-damaged' });
  const [damaged] = await inSecond.library.list();
  expect(damaged).toMatchObject({ id: 'whales', state: 'damaged' });
  expect(damaged!.problem).toMatch(/altered/);
  await expect(inSecond.open('whales')).rejects.toMatchObject({ code: 'document-damaged' });
  const kept = await inSecond.library.text('whales');
  expect((await inSecond.add('whales', kept)).state).toBe('complete');
  expect(essence(await answer(second, question({ id: 'whales' })))).toEqual(essence(wanted));
});

test('an exported document comes back under another name; other texts do not take a name', async () => {
  const blob = await inSecond.library.export('whales');
  const info = await inSecond.library.import(blob);
  expect(info).toMatchObject({ id: 'whales-2', title: 'Whales', state: 'complete' });
  await forget(second);
  expect(essence(await answer(second, question({ id: 'whales-2' })))).toEqual(essence(wanted));
  await expect(inSecond.library.import(blob.slice(0, blob.size - 1))).rejects.toMatchObject({
    code: 'document-damaged',
  });
  await expect(inSecond.add('whales', 'another text')).rejects.toThrow(RangeError);
  await inSecond.delete('whales-2');
  expect((await inSecond.library.list()).map(({ id }) => id)).toEqual(['whales']);
  await expect(answer(second, question({ id: 'nothing' }))).rejects.toThrow("no document 'nothing'");
});

test('several documents are one prompt: the first one’s pages serve, the others are read behind it, once', async () => {
  const texts = ['The first ship was lost off Sumatra. ', 'The second ship came home in May. '].map((line) =>
    line.repeat(8),
  );
  const ids = ['one', 'two'];
  const titles = ['First', 'Second'];
  for (const i of [0, 1]) await inFirst.add(ids[i]!, texts[i]!, { title: titles[i]! });
  await forget(first);
  const { numTokens: numFirst, numReadTokens: numKept } = await inFirst.library.required('one');
  const { numTokens: numSecond } = await inFirst.library.required('two');
  const plan = await inFirst.together.plan(ids);
  expect(plan).toMatchObject({ contextTokens: 1024, fits: true, numReadTokens: numKept });
  expect(plan.numTokens).toBeGreaterThan(numFirst + numSecond - 20);
  expect(plan.documents).toEqual([
    { id: 'one', title: 'First', numTokens: numFirst, isReadAgain: false },
    { id: 'two', title: 'Second', numTokens: numSecond, isReadAgain: true },
  ]);

  const joined = joinTexts(ids.map((id, i) => ({ id, title: titles[i]!, text: texts[i]! }))).text;
  const asOne = await answer(second, question({ text: joined }));
  const told: number[] = [];
  const onProgress = ({ numReadTokens }: { numReadTokens: number }) => void told.push(numReadTokens);
  expect(await inFirst.together.read(ids, { onProgress })).toMatchObject({
    numReadTokens: plan.numTokens - (plan.numTokens % 16),
  });
  expect(told[0]).toBe(numKept);
  expect(told.at(-1)).toBe(plan.numTokens - (plan.numTokens % 16));
  const request = { ...question({ ids }), sources: { numPassages: 2 } };
  const asked = await answer(first, request);
  expect(essence(asked)).toEqual(essence(asOne));
  expect(asked.end.numCachedTokens).toBe(plan.numTokens - (plan.numTokens % 16));
  const { passages } = asked.end.sources!;
  expect(passages.length).toBeGreaterThan(0);
  for (const { documentId, documentTitle, startChar, endChar, text: said } of passages) {
    const i = ids.indexOf(documentId!);
    expect(documentTitle).toBe(titles[i]);
    expect(said).toBe(texts[i]!.slice(startChar, endChar));
  }
  // In another order it is the other one whose pages serve; without a reading beforehand the question reads.
  await forget(first);
  const turned = await answer(first, question({ ids: ['two', 'one'] }));
  expect(turned.end.numCachedTokens).toBe(numSecond - (numSecond % 16));

  const tooLong = await inFirst.together.plan(['whales', 'one', 'two']);
  expect(tooLong).toMatchObject({ fits: false });
  const message = `The documents have ${tooLong.numTokens} tokens together; this engine holds 1024`;
  await expect(answer(first, question({ ids: ['whales', 'one', 'two'] }))).rejects.toThrow(message);
  await expect(inFirst.together.read(['whales', 'one', 'two'])).rejects.toMatchObject({
    code: 'context-too-long',
  });
  await expect(inFirst.together.plan(['one', 'nothing'])).rejects.toThrow("no document 'nothing'");
  await expect(inFirst.together.read(ids, { signal: AbortSignal.abort('enough') })).rejects.toBe('enough');
  for (const id of ids) await inFirst.delete(id);
});

test.each<KvOptions>([{ format: 'int8' }, { hostFormat: 'int8' }])(
  'pages of 8 bits, %j: what is opened selects what was selected when it was read',
  async (formats) => {
    const engine = await loadEngine(tinyLlamaModel(), {
      kv: { ...kv, ...formats, pagesPerHead: 2, unstableShare: 0, measureStability: false },
    });
    const documents = await engine.documents();
    const asked = await answer(engine, question({ text }));
    await forget(engine);
    const id = `in ${JSON.stringify(formats)}`;
    await documents.add(id, text);
    await forget(engine);
    expect((await documents.open(id)).bytesRead).toBeGreaterThan(0);
    expect(essence(await answer(engine, question({ id })))).toEqual(essence(asked));
    checkIntegrity(engine.runner.cache);
    await engine.dispose();
    expect(engine.device.buffers.use.total).toBe(0);
  },
);

test('pages that find no room when all is read and not yet stored: the reading fails with that, and later answers do without', async () => {
  const engine = await loadEngine(tinyLlamaModel(), { kv: { ...kv, measureStability: false } });
  const documents = await engine.documents();
  const asked = await answer(engine, question({ text }));
  await forget(engine);
  const { hostStore } = engine.runner;
  const write = hostStore.write.bind(hostStore);
  let refuse: () => void = () => undefined;
  const refused = new Promise<void>((_, reject) => {
    refuse = () => reject(new EngineError('storage-quota', 'The disk is full.'));
  });
  vi.spyOn(hostStore, 'write').mockImplementation((layer, ...rest) =>
    layer === 2 ? refused : write(layer, ...rest),
  );
  const onProgress = ({ phase }: { phase: string }) => {
    if (phase === 'storing') refuse();
  };
  await expect(documents.add('refused', text, { onProgress })).rejects.toMatchObject({
    code: 'storage-quota',
    message: 'The disk is full.',
  });
  vi.restoreAllMocks();
  expect(essence(await answer(engine, question({ text })))).toEqual(essence(asked));
  await documents.add('refused', text);
  expect(essence(await answer(engine, question({ id: 'refused' })))).toEqual(essence(asked));
  checkIntegrity(engine.runner.cache);
  await engine.dispose();
});
