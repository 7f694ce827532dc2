/** Measuring how stable heads are: what it sees, that it changes nothing, and how an engine goes over to what was measured. */
import { afterAll, expect, test, vi } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import { DeviceSide } from '../../src/engine/device-side';
import type { KvOptions } from '../../src/runner/memory-plan';
import { ModelRunner } from '../../src/runner/model-runner';
import { readStoredProfile } from '../../src/stability/profile-store';
import { parseHeadProfile, unstableHeads, type HeadProfile } from '../../src/stability/head-profile';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { useIndexedDb } from '../support/fake-indexeddb';
import { gpu } from '../support/gpu-setup';
import { folderSource } from '../../tools/tiny-models/folder-source';
import { fingerprintModel } from '../../src/weights/model-fingerprint';
import {
  goldenPrompt,
  modelConfigJson,
  tinyLlamaModel,
  type ModelFolder,
} from '../../tools/tiny-models/models';

useIndexedDb();

const engines: EngineCore[] = [];

/** The tiny model, with a word in its configuration that makes it one of its own. */
function modelCalled(name: string): ModelFolder {
  const model = tinyLlamaModel();
  const config = { ...(modelConfigJson(model) as object), _name_or_path: name };
  model.files.set('config.json', new TextEncoder().encode(JSON.stringify(config)));
  return model;
}

async function load(
  kv: KvOptions,
  name = 'tiny-llama',
  { address = name, ...options }: { address?: string; gpu?: GPU; onWarning?: (message: string) => void } = {},
) {
  const engine = await loadEngine(
    { ...modelCalled(name), name: address },
    {
      weights: 'f32',
      ...options,
      kv: {
        contextTokens: 512,
        numSequences: 2,
        pagesPerHead: 4,
        unstableShare: 0.5,
        rerankInterval: 8,
        ...kv,
      },
    },
  );
  engines.push(engine);
  return engine;
}

async function run(kv: KvOptions) {
  const engine = await load(kv);
  const request = requestOf(goldenPrompt(304, 200), { maxTokens: 60, ignoreEos: true, logprobs: 1 });
  return { engine, ...(await answer(engine, request)) };
}

afterAll(async () => {
  for (const engine of engines) await engine.dispose();
});

test('measuring changes no token and no log-probability', async () => {
  const plain = await run({ measureStability: false });
  expect(await plain.engine.headProfile()).toBeUndefined();
  const measured = await run({ measureStability: 'every-step' });
  expect(measured.logprobs).toEqual(plain.logprobs);
  const profile = parseHeadProfile(await measured.engine.headProfile(), 3, 2);
  // 59 decode steps.
  expect([profile.stability.length, profile.window, profile.pagesPerHead]).toEqual([7, 8, 4]);
  expect(profile.meanStability.some((ts) => ts > 0 && ts < 1)).toBe(true);
  expect(profile.overlapByOffset.slice(0, 58).every((overlap) => overlap !== null)).toBe(true);
  expect(profile.overlapByOffset.slice(58).every((overlap) => overlap === null)).toBe(true);
});

test('what was measured is stored, and gone by from the next text on and at the next load', async () => {
  const kv: KvOptions = { measureStability: 'every-step', rerankInterval: 2 };
  const engine = await load(kv, 'measured');
  const ask = async (subject: EngineCore, prompt: readonly number[]) => {
    const { logprobs, end } = await answer(
      subject,
      requestOf(prompt, { maxTokens: 34, ignoreEos: true, logprobs: 1 }),
    );
    return { logprobs, numCached: end.numCachedTokens };
  };
  const state = (subject: EngineCore) => {
    const { headProfile: origin, unstableShare } = subject.stats().kv;
    return [origin, unstableShare];
  };
  const [first, second] = [promptOf(200, 1), promptOf(150, 2)];
  const { unstable: equal } = engine.runner.cache.shape;
  await ask(engine, first);
  // 33 steps are 16 chunks of 2: enough, but this conversation goes on as it began.
  expect((await ask(engine, first)).numCached).toBe(192);
  expect(state(engine)).toEqual(['equal', 0.5]);
  expect(engine.runner.cache.shape.unstable).toBe(equal);

  const there = await ask(engine, second);
  expect(state(engine)).toEqual(['measured', 0.5]);
  const { unstable } = engine.runner.cache.shape;
  expect(unstable.equals(equal)).toBe(false);
  checkIntegrity(engine.runner.cache);
  // The text before is still there, brought back from the host.
  const again = await ask(engine, first);
  expect(again.numCached).toBe(192);
  await engine.dispose();
  const total = engine.device.buffers.use.total;
  expect(total).toBe(0);

  const stored = (await readStoredProfile(() =>
    fingerprintModel(folderSource(modelCalled('measured'))),
  )) as HeadProfile;
  expect(stored.stability.length).toBeGreaterThanOrEqual(4 * 16);
  // By the content of the weights: the same ones may lie elsewhere.
  const next = await load(kv, 'measured', { address: 'elsewhere' });
  expect(state(next)).toEqual(['measured', 0.5]);
  expect(next.runner.cache.shape.unstable.equals(unstableHeads(stored, 0.5))).toBe(true);

  // What an engine gives that went by these heads from the start.
  const heads = Array.from({ length: 6 }, (_, head) =>
    unstable.has(Math.floor(head / 2), head % 2) ? 0 : 1,
  );
  const given = await load({ ...kv, headProfile: { ...stored, stability: [heads] } }, 'measured');
  expect(given.runner.cache.shape.unstable.equals(unstable)).toBe(true);
  expect((await ask(given, second)).logprobs).toEqual(there.logprobs);
  await ask(given, first);
  expect((await ask(given, first)).logprobs).toEqual(again.logprobs);
});

test('heads that would not fit leave the engine with those that it has, and a warning', async () => {
  const warnings: string[] = [];
  const kv: KvOptions = { measureStability: 'every-step', rerankInterval: 2 };
  const engine = await load(kv, 'narrow', { onWarning: (message) => void warnings.push(message) });
  await answer(engine, requestOf(promptOf(100, 1), { maxTokens: 34, ignoreEos: true }));
  // oxlint-disable-next-line typescript/unbound-method -- called on the instance below
  const { planInput } = DeviceSide.prototype;
  vi.spyOn(DeviceSide.prototype, 'planInput').mockImplementation(function (this: DeviceSide, changes) {
    return planInput.call(this, { ...changes, ...(changes?.headProfile && { gpuBytes: 1 }) });
  });
  const { runner } = engine;
  for (const seed of [2, 3]) {
    const { tokenIds } = await answer(
      engine,
      requestOf(promptOf(90, seed), { maxTokens: 3, ignoreEos: true }),
    );
    expect(tokenIds.length).toBe(3);
  }
  vi.restoreAllMocks();
  expect(engine.runner).toBe(runner);
  expect([engine.stats().recoveries, engine.stats().kv.headProfile]).toEqual([0, 'equal']);
  expect(warnings).toEqual([
    expect.stringMatching(/^The measured head profile is not applied\. .*kv\.gpuBytes is 1\.$/),
  ]);
});

test('heads that cannot be changed because the GPU has no room are a lost device, and that is mended', async () => {
  const warnings: string[] = [];
  const kv: KvOptions = { measureStability: 'every-step', rerankInterval: 2 };
  const onWarning = (message: string) => void warnings.push(message);
  const engine = await load(kv, 'crowded', { gpu, onWarning });
  await answer(engine, requestOf(promptOf(100, 1), { maxTokens: 34, ignoreEos: true }));
  vi.spyOn(ModelRunner, 'create').mockRejectedValueOnce(new Error('no room'));
  const { tokenIds } = await answer(engine, requestOf(promptOf(90, 2), { maxTokens: 3, ignoreEos: true }));
  expect(tokenIds.length).toBe(3);
  const { recoveries, kv: state } = engine.stats();
  expect([recoveries, state.headProfile]).toEqual([1, 'measured']);
  expect(warnings).toEqual(['The measured head profile was not applied at once. no room']);
  checkIntegrity(engine.runner.cache);
});
