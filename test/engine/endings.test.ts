/** How answers end, and which requests are refused with which words. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import type { Prompt } from '../../src/loop/generation';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { useIndexedDb } from '../support/fake-indexeddb';
import { tinyLlamaModel } from '../../tools/tiny-models/models';

useIndexedDb();

let engine: EngineCore;
let letter: number;
beforeAll(async () => {
  engine = await loadEngine(tinyLlamaModel(), { kv: { contextTokens: 64 } });
  letter = engine.tokenizer.encode('q', { addSpecialTokens: false })[0]!;
});
afterAll(async () => {
  checkIntegrity(engine.runner.cache);
  await engine.dispose();
});

type Options = NonNullable<Parameters<typeof requestOf>[1]>;
const prompt = promptOf(20, 1);
const eos = 1;
const run = (options: Options = {}, ids: readonly number[] = prompt) =>
  answer(engine, requestOf(ids, options));
/** Only `q`, again and again. */
const onlyLetter = (): NonNullable<Options['sampling']> => ({ logitBias: [[letter, 100]] });
/** Some `q`, and as their count grows, an end-of-sequence token. */
const thenEos = (): NonNullable<Options['sampling']> => ({
  logitBias: [
    [eos, 94],
    [letter, 100],
  ],
  frequencyPenalty: 2,
});

describe('an answer ends', () => {
  test('at a stop string that spans tokens, while further steps are in flight', async () => {
    const { text, tokenIds, end } = await run({ sampling: onlyLetter(), stop: ['qqqq'], maxTokens: 30 });
    expect(text).toBe('');
    expect(tokenIds).toEqual([letter, letter, letter, letter]);
    expect(end).toMatchObject({ finishReason: 'stop', numPromptTokens: 20, numCompletionTokens: 4 });
    // What was submitted beyond the end is not taken for part of the sequence.
    const next = await run({ maxTokens: 1 }, [...prompt, ...Array<number>(6).fill(letter), 9]);
    expect(next.end.numCachedTokens).toBe(16);
  });

  test('at an end-of-sequence token, which is counted and not shown; `ignoreEos` goes on', async () => {
    const ended = await run({ sampling: thenEos(), maxTokens: 30 });
    expect(ended.end.finishReason).toBe('stop');
    const length = ended.tokenIds.length;
    expect(length).toBeGreaterThan(1);
    expect(length).toBeLessThan(29);
    expect(ended.tokenIds).toEqual(Array<number>(length).fill(letter));
    expect(ended.text).toBe('q'.repeat(length));
    expect(ended.end.numCompletionTokens).toBe(length + 1);

    const ignored = await run({ sampling: thenEos(), maxTokens: length + 5, ignoreEos: true });
    expect(ignored.end).toMatchObject({ finishReason: 'length', numCompletionTokens: length + 5 });
    expect(ignored.tokenIds.slice(0, length + 1)).toEqual([...ended.tokenIds, eos]);
  });

  test('with its very first token', async () => {
    const { text, tokenIds, end } = await run({ sampling: { logitBias: [[eos, 100]] }, maxTokens: 9 });
    expect([text, tokenIds]).toEqual(['', []]);
    expect(end).toMatchObject({ finishReason: 'stop', numCompletionTokens: 1 });
  });

  test.each([1, 2, 3])(
    'after %i tokens when it may have no more, without a step too many',
    async (maxTokens) => {
      const { counts } = engine.runner;
      const { tokenIds, end } = await run({ maxTokens, ignoreEos: true });
      expect(tokenIds.length).toBe(maxTokens);
      expect(end).toMatchObject({ finishReason: 'length', numCompletionTokens: maxTokens });
      expect(engine.runner.counts.steps - counts.steps).toBe(maxTokens - 1);
    },
  );

  test.each([
    [40, undefined],
    [40, 1000],
    [63, undefined],
  ])('when the context is full: prompt of %i, limit %s', async (length, maxTokens) => {
    const options = { ignoreEos: true, ...(maxTokens !== undefined && { maxTokens }) };
    const { tokenIds, end } = await run(options, promptOf(length, 2));
    expect(tokenIds.length).toBe(64 - length);
    expect(end).toMatchObject({ finishReason: 'length', numPromptTokens: length });
  });
});

describe('refused', () => {
  test.each([64, 65, 500])('a prompt of %i tokens in a context of 64', async (length) => {
    await expect(run({}, promptOf(length, 3))).rejects.toMatchObject({
      name: 'EngineError',
      code: 'context-too-long',
      message: `The prompt has ${length} tokens; this engine holds 64, answer included.`,
    });
  });

  test('a prompt without tokens', async () => {
    await expect(run({}, [])).rejects.toThrow(
      new RangeError('The prompt is empty: it has no tokens to go on from.'),
    );
  });

  test.each([304, 2 ** 31, -1, 0.5, NaN])('token id %f', async (id) => {
    await expect(run({}, [5, id])).rejects.toThrow(
      new RangeError(`Token id ${id} is not in this model's vocabulary of 304.`),
    );
  });

  test('a document that is not there', async () => {
    const request = requestOf({
      kind: 'chat',
      messages: [{ role: 'user', content: 'hello' }],
      document: { id: 'moby-dick' },
    });
    await expect(answer(engine, request)).rejects.toThrow(
      new RangeError("There is no document 'moby-dick' in the library."),
    );
  });
});

test('chat, text and ids of the same tokens are the same prompt', async () => {
  const messages = [{ role: 'user', content: 'the end' }] as const;
  const text = '<|im_start|>user\nthe end<|im_end|>\n<|im_start|>assistant\n';
  const ids = engine.tokenizer.encode(text, { addSpecialTokens: false });
  const idsOf = async (prompt: Prompt) => (await engine.encodePrompt(prompt)).ids;
  expect(await idsOf({ kind: 'chat', messages: [...messages] })).toEqual(ids);
  expect(await idsOf({ kind: 'text', text: 'the end' })).toEqual([
    0,
    ...engine.tokenizer.encode('the end', { addSpecialTokens: false }),
  ]);
  expect(await idsOf({ kind: 'ids', ids })).toEqual(ids);
});
