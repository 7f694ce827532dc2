/** The sampler as the engine uses it: log-probabilities, distribution, independence of rows, and its bytes. */
import { expect, test, vi } from 'vitest';
import type { DeviceFeature } from '../../../src/gpu/device';
import type { GpuBuffer } from '../../../src/gpu/buffer';
import { readBuffer } from '../../../src/gpu/readback';
import { Recorder } from '../../../src/gpu/recorder';
import { decodeResults, type SampledToken } from '../../../src/sampler/results';
import { samplerBytes, Sampler } from '../../../src/sampler/sampler';
import type { SamplerSettings } from '../../../src/sampler/settings';
import { expectClose } from '../../support/compare';
import { randomFloats } from '../../../tools/util/random';
import { availableVariants, runKernel, type BufferData } from '../harness';
import { useDevice } from '../use-device';
import { sampleCase } from './sample-step';

const gpu = useDevice();

function upload(data: BufferData): GpuBuffer {
  const buffer = gpu.device.buffers.create({
    label: 'test',
    category: 'activations',
    sizeBytes: data.byteLength,
  });
  gpu.device.write(buffer, 0, data);
  return buffer;
}

/** One step over `[sequence, position]` rows. */
async function step(
  sampler: Sampler,
  logits: readonly Float32Array[],
  rows: readonly (readonly [sequence: number, position: number])[],
): Promise<SampledToken[]> {
  const recorder = new Recorder(gpu.compiler, { maxDispatches: 2, maxListBytes: 256 });
  const logitsBuffer = upload(Float32Array.from(logits.flatMap((row) => [...row])));
  const rowsBuffer = upload(
    Uint32Array.from(rows.flatMap(([sequence, position]) => [sequence, position, 0, 0])),
  );
  sampler.record(recorder, { logits: logitsBuffer, rows: rowsBuffer, numRows: rows.length });
  recorder.submit();
  const bytes = await readBuffer(gpu.device, sampler.results);
  for (const owner of [logitsBuffer, rowsBuffer, recorder]) owner.destroy();
  gpu.device.throwIfFailed();
  return decodeResults(bytes, rows.length);
}

async function withSampler(
  options: { vocabSize: number; numSequences: number; eosIds?: readonly number[] },
  body: (sampler: Sampler) => Promise<void>,
): Promise<void> {
  const sampler = await Sampler.create(gpu.compiler, {
    eosIds: [],
    maxRows: options.numSequences,
    ...options,
  });
  try {
    await body(sampler);
  } finally {
    sampler.destroy();
  }
}

test.each([
  ['of the token alone', 17, 0],
  ['and 20 most likely', 512, 20],
  ['and all, fewer than asked for', 5, 20],
  ['and 5 of 151936', 151_936, 5],
])('log-probabilities %s (vocabulary %i)', async (_, vocabSize, numLogprobs) => {
  const settings: SamplerSettings = { temperature: 1, topK: 3, repetitionPenalty: 2, numLogprobs };
  const numRows = vocabSize > 1000 ? 1 : 3;
  const logits = Array.from({ length: numRows }, (_, row) => randomFloats(vocabSize, row, 9));
  // Two of the most likely are equal: the lower id comes first.
  for (const row of logits) row[1] = row[4] = 10;
  const kernelCase = sampleCase(
    'log-probabilities',
    logits.map((row) => ({ settings, start: { promptTokens: [1, 2] }, logits: row })),
  );
  const wanted = decodeResults(kernelCase.expected()['results']!.buffer, numRows);
  for (const variant of availableVariants(gpu.device, kernelCase.spec)) {
    const { results } = await runKernel(gpu.compiler, kernelCase, variant);
    const got = decodeResults(results!, numRows);
    for (const [row, { tokenId, logprobs }] of got.entries()) {
      const other = wanted[row]!;
      expect(tokenId, variant.name).toBe(other.tokenId);
      expect(logprobs!.top.map((entry) => entry.tokenId)).toEqual(
        other.logprobs!.top.map((entry) => entry.tokenId),
      );
      const values = (token: SampledToken['logprobs']) => [
        token!.chosen,
        ...token!.top.map((entry) => entry.logprob),
      ];
      // The naive variant adds 151,936 masses one by one.
      expectClose(values(logprobs), values(other.logprobs), { absolute: 2e-4 }, variant.name);
    }
  }
});

/** Pearson's chi-square statistic of `counts` against `weights`; a bin without weight must be empty. */
function chiSquare(counts: readonly number[], weights: readonly number[]): number {
  const numDraws = counts.reduce((sum, count) => sum + count, 0);
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return counts.reduce((sum, count, i) => {
    if (weights[i] === 0) return count === 0 ? sum : Infinity;
    const wanted = (numDraws * weights[i]!) / total;
    return sum + (count - wanted) ** 2 / wanted;
  }, 0);
}

test('chiSquare tells a wrong distribution from a right one', () => {
  expect(chiSquare([500, 500], [1, 1])).toBe(0);
  expect(chiSquare([600, 400], [1, 1])).toBe(40);
  expect(chiSquare([999, 1], [1, 0])).toBe(Infinity);
});

const numDraws = 2048;
// A wrong draw fails surely; a right one has less than one chance in 10,000, and seeds are fixed.
test.each([
  ['softmax over positions', { temperature: 1 }, 'position', { vocabSize: 8, limit: 29.9 }],
  ['softmax over seeds', { temperature: 1 }, 'seed', { vocabSize: 8, limit: 29.9 }],
  ['temperature 0.5, top-k 5', { temperature: 0.5, topK: 5 }, 'position', { vocabSize: 8, limit: 23.5 }],
  ['top-p 0.8', { temperature: 1, topP: 0.8 }, 'position', { vocabSize: 8, limit: 29.9 }],
  ['64 equal tokens', { temperature: 1 }, 'position', { vocabSize: 64, limit: 112 }],
] as const)('draws follow %s', async (name, settings, varied, { vocabSize, limit }) => {
  const isFlat = vocabSize === 64;
  const logits = Float32Array.from({ length: vocabSize }, (_, i) => (isFlat ? 2 : Math.sin(5 * i) * 1.5));
  const { expected: _expected, ...kernelCase } = sampleCase(
    name,
    Array.from({ length: numDraws }, (_, i) => ({
      settings: { ...settings, seed: varied === 'seed' ? i : 42 },
      position: varied === 'position' ? i : 7,
      logits,
    })),
  );
  const { tokens } = await runKernel(gpu.compiler, kernelCase);
  const counts = new Array<number>(vocabSize).fill(0);
  for (const token of new Uint32Array(tokens!).subarray(1)) counts[token]!++;

  const mass = Array.from(logits, (value) => Math.exp(value / settings.temperature));
  const order = [...mass.keys()].sort((a, b) => mass[b]! - mass[a]!);
  let numKept: number = 'topK' in settings ? settings.topK : vocabSize;
  if ('topP' in settings) {
    const total = mass.reduce((sum, value) => sum + value, 0);
    for (let sum = (numKept = 0); sum < settings.topP * total; numKept++) sum += mass[order[numKept]!]!;
  }
  const kept = new Set(order.slice(0, numKept));
  expect(
    chiSquare(
      counts,
      mass.map((value, i) => (kept.has(i) ? value : 0)),
    ),
  ).toBeLessThan(limit);
});

test('a row gives the same alone, in a batch, and in another slot', async () => {
  const vocabSize = 200;
  const settings: SamplerSettings = { temperature: 1, topP: 0.95, frequencyPenalty: 0.3, seed: 9 };
  const logits = Array.from({ length: 12 }, (_, i) => randomFloats(vocabSize, i, 4));
  const run = async (slot: number, others: readonly number[]) => {
    const tokens: number[] = [];
    await withSampler({ vocabSize, numSequences: 4 }, async (sampler) => {
      await sampler.configure(slot, settings, { promptTokens: [1, 2, 3] });
      for (const other of others) await sampler.configure(other, { temperature: 2, seed: other });
      for (const [position, row] of logits.entries()) {
        const rows = [...others, slot].map((sequence) => [sequence, position] as const);
        const sampled = await step(
          sampler,
          rows.map(([sequence]) => (sequence === slot ? row : logits[(position + sequence) % 12]!)),
          rows,
        );
        tokens.push(sampled.at(-1)!.tokenId);
      }
    });
    return tokens;
  };
  const alone = await run(0, []);
  expect(new Set(alone).size).toBeGreaterThan(3);
  expect(await run(3, [0, 2])).toEqual(alone);
});

test('configuring a slot starts it anew and leaves the others as they are', async () => {
  const vocabSize = 8;
  const logits = Float32Array.from([0, 4, 3.9, 0, 0, 0, 0, 0]);
  await withSampler({ vocabSize, numSequences: 2, eosIds: [2] }, async (sampler) => {
    const penalised: SamplerSettings = { presencePenalty: 1 };
    await Promise.all([sampler.configure(0, penalised), sampler.configure(1, penalised)]);
    const both = [logits, logits];
    const rows = [[0, 0] as const, [1, 0] as const];
    const take = async () =>
      (await step(sampler, both, rows)).map(({ tokenId, isDone, wasDone }) => [tokenId, isDone, wasDone]);
    expect(await take()).toEqual([
      [1, false, false],
      [1, false, false],
    ]);
    await sampler.configure(0, penalised);
    expect(await take()).toEqual([
      [1, false, false],
      [2, true, false],
    ]);
    await sampler.configure(0, { ...penalised, ignoreEos: true });
    expect(await take()).toEqual([
      [1, false, false],
      [2, true, true],
    ]);
    expect(await take()).toEqual([
      [2, false, false],
      [2, true, true],
    ]);
    await sampler.configure(1, {}, { logitBias: [[6, 20]] });
    expect((await take())[1]).toEqual([6, false, false]);
    expect([...new Uint32Array(await readBuffer(gpu.device, sampler.tokens)).subarray(0, 2)]).toEqual([1, 6]);
  });
});

test('a large vocabulary in two dispatches gives what one gives, log-probabilities to the bit', async () => {
  const vocabSize = 20_000;
  const features = gpu.device.features as Set<DeviceFeature>;
  const logits = [3, 4].map((seed) => randomFloats(vocabSize, seed, 9));
  const rows = [0, 1].map((sequence) => [sequence, 5] as const);
  const run = async (isWide: boolean) => {
    if (isWide) features.add('wide-sampling');
    else features.delete('wide-sampling');
    const sampled: SampledToken[] = [];
    await withSampler({ vocabSize, numSequences: 2 }, async (sampler) => {
      await sampler.configure(0, { numLogprobs: 20 });
      await sampler.configure(1, { temperature: 1, topP: 0.9, repetitionPenalty: 1.5, numLogprobs: 3 });
      for (let i = 0; i < 3; i++) sampled.push(...(await step(sampler, logits, rows)));
    });
    return sampled;
  };
  const had = features.has('wide-sampling');
  try {
    const narrow = await run(false);
    expect(narrow[0]!.logprobs!.top).toHaveLength(20);
    expect(await run(true)).toEqual(narrow);
  } finally {
    if (!had) features.delete('wide-sampling');
    else features.add('wide-sampling');
  }
});

test('bytes are as planned, history only once asked for, and none after destroy()', async () => {
  const sizes = { vocabSize: 1001, numSequences: 3, maxRows: 3 };
  const { always, history } = samplerBytes(sizes);
  const bytes = () => gpu.device.buffers.use.live.sampler;
  await withSampler(sizes, async (sampler) => {
    await sampler.configure(0, { temperature: 1 });
    expect(bytes()).toBe(always);
    await Promise.all([0, 1].map((slot) => sampler.configure(slot, { repetitionPenalty: 1.1 })));
    expect(bytes()).toBe(always + history);
  });
  expect(bytes()).toBe(0);
});

test('a step creates no buffer and no further bind group for the same buffers', async () => {
  await withSampler({ vocabSize: 4, numSequences: 1 }, async (sampler) => {
    await sampler.configure(0, {});
    const recorder = new Recorder(gpu.compiler, { maxDispatches: 2, maxListBytes: 256 });
    const stepBuffers = { logits: upload(new Float32Array(4)), rows: upload(new Uint32Array(4)), numRows: 1 };
    sampler.record(recorder, stepBuffers);
    const { numCreated } = gpu.device.buffers;
    const createBindGroup = vi.spyOn(gpu.device.handle, 'createBindGroup');
    sampler.record(recorder, stepBuffers);
    expect(createBindGroup).not.toHaveBeenCalled();
    createBindGroup.mockRestore();
    recorder.submit();
    expect(gpu.device.buffers.numCreated).toBe(numCreated);
    expect(recorder.counts.dispatches).toBe(2);
    for (const owner of [stepBuffers.logits, stepBuffers.rows, recorder]) owner.destroy();
  });
});
