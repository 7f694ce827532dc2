/**
 * 300 steps, in the gate 160, against a simulator of the whole policy: fed the scores that the GPU read back, it predicts what the GPU selects,
 * and after every flip resident pages, promotions, overlaps and slots. The scores themselves against their CPU twin.
 */
import { expect, test, vi } from 'vitest';
import type { RerankEvent } from '../../src/runner/cache-event';
import type { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/runner/memory-plan';
import { Device, type DeviceFeature } from '../../src/gpu/device';
import { mostWholePages } from '../../src/graph/selection-path';
import { readBuffer } from '../../src/gpu/readback';
import type { KvWords } from '../../src/reference/cache/kv-data';
import { digestScore } from '../../src/reference/select/digest-score';
import { normalizeScores } from '../../src/reference/select/normalize-scores';
import { pageScore } from '../../src/reference/select/page-score';
import { rotateQuery } from '../../src/reference/select/rotate-queries';
import { checkIntegrity } from '../../tools/util/check-integrity';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { inFullRun, isFullRun } from '../support/full-run';
import { architectureModel, tinyLlamaModel, type ModelFolder } from '../../tools/tiny-models/models';
import { bestPages, PolicySimulator } from '../support/policy-simulator';
import { loadWithLog, type LoggedSelection, type LoggedStep } from '../support/selection-log';

const numTokens = isFullRun ? 301 : 161;
/** Scores that a case compares at least. */
const leastScores = isFullRun ? 2000 : 500;

interface Case {
  readonly title: string;
  readonly model: ModelFolder;
  readonly kv: KvOptions;
  readonly promptLengths: readonly number[];
  readonly lag: number;
  readonly phaseOf: (layer: number) => number;
  /** The first step that may rerank. */
  readonly firstStep: number;
  /** What is done as on a GPU. */
  readonly features?: readonly DeviceFeature[];
}

const cases: Case[] = [
  {
    title: 'group 2, half the heads stable, of which the others choose from 21 pages on',
    model: tinyLlamaModel(),
    kv: { pagesPerHead: 2, unstableShare: 0.5, rerankInterval: 4 },
    promptLengths: [150],
    lag: 4,
    firstStep: 1,
    phaseOf: (layer) => layer,
    features: ['whole-lists'],
  },
  {
    title: 'group 7, one KV head of 8 channels, all stable, paused, from fewer pages than the budget on',
    model: architectureModel('llama-bias'),
    kv: { pagesPerHead: 6, unstableShare: 0, rerankInterval: 3, reload: 'pause' },
    promptLengths: [47],
    lag: 1,
    firstStep: 1,
    phaseOf: (layer) => layer,
  },
  {
    title: 'group 4, three layers that rerank at different steps',
    model: architectureModel('smollm3'),
    kv: { pagesPerHead: 4, unstableShare: 0, rerankInterval: 7 },
    promptLengths: [97],
    lag: 4,
    firstStep: 1,
    phaseOf: (layer) => [0, 2, 4][layer]!,
  },
  {
    title: 'by digests, group 2, half the heads stable, two sequences',
    model: tinyLlamaModel(),
    kv: { selection: 'digest', rerankQueries: 5, pagesPerHead: 4, unstableShare: 0.5, rerankInterval: 8 },
    promptLengths: [160, 170],
    lag: 4,
    firstStep: 2,
    phaseOf: (layer) => [0, 2, 5][layer]!,
  },
  ...inFullRun<Case>(
    {
      title:
        'group 2, half the heads stable, two sequences that rerank at the same steps, all layers at once',
      model: tinyLlamaModel(),
      kv: { pagesPerHead: 4, unstableShare: 0.5, rerankInterval: 8, rerankStagger: false },
      promptLengths: [160, 168],
      lag: 4,
      firstStep: 1,
      phaseOf: () => 0,
      features: ['fused-selection'],
    },
    {
      title: 'by digests, group 7, all stable, one query a rerank, from fewer pages than the budget on',
      model: architectureModel('llama-bias'),
      kv: { selection: 'digest', rerankQueries: 1, pagesPerHead: 6, unstableShare: 0, rerankInterval: 3 },
      promptLengths: [47],
      lag: 3,
      firstStep: 1,
      phaseOf: (layer) => layer,
    },
  ),
];

test.each(cases)('$title', async ({ model, kv, promptLengths, features, ...schedule }) => {
  // The log takes every selection that it sees for one of the policy: measuring would add its own.
  const fixed = { contextTokens: 512, numSequences: 2, format: 'f16', measureStability: false } as const;
  const load = () => loadEngine(model, { kv: { ...fixed, ...kv } });
  if (features) withFeatures(features);
  const { engine, log } = await loadWithLog(load, 16 * 2 ** 20);
  const events: RerankEvent[] = [];
  engine.onCacheEvent((event) => event.kind === 'rerank' && events.push(event));
  const { vocabSize } = engine.config;
  const request = (length: number, i: number) =>
    requestOf(promptOf(length, 20 + i, vocabSize), { maxTokens: numTokens, ignoreEos: true });
  await Promise.all(promptLengths.map((length, i) => answer(engine, request(length, i))));
  const steps = await log.read();
  await expectPolicy(engine, steps, events, schedule);
  if (kv.selection === 'digest') await expectDigestScores(engine, steps);
  else await expectScores(engine, steps);
  checkIntegrity(engine.runner.cache);
  log.destroy();
  await engine.dispose();
});

/** A software adapter is spared what is slow on it; here it runs on it all the same. */
function withFeatures(features: readonly DeviceFeature[]): void {
  const request = Device.request.bind(Device);
  vi.spyOn(Device, 'request').mockImplementationOnce(async (options) => {
    const device = await request(options);
    for (const feature of features) (device.features as Set<DeviceFeature>).add(feature);
    return device;
  });
}

async function expectPolicy(
  engine: EngineCore,
  steps: readonly LoggedStep[],
  events: readonly RerankEvent[],
  schedule: Pick<Case, 'lag' | 'firstStep' | 'phaseOf'>,
) {
  const { shape } = engine.runner.cache;
  const { interval } = engine.plan().rerank;
  const mostWhole = mostWholePages(engine.device.features, shape.pagesPerHead);
  const simulator = new PolicySimulator({
    ...shape,
    isUnstable: (layer, kvHead) => shape.unstable.has(layer, kvHead),
    budget: shape.pagesPerHead,
    interval,
    ...schedule,
    unstableSlots: shape.numPageIds,
    stableSlots: shape.numSequences * shape.slotsPerStableHead,
  });
  const left = [...events];
  const hasFlipped = new Set<number>();
  let numFlips = 0;
  let numPromoted = 0;
  for (const { kind, rows, selections, resident } of steps) {
    const scoresOf = (sequence: number) => (layer: number, kvHead: number) =>
      selections.find((s) => s.sequence === sequence && s.layer === layer && s.kvHead === kvHead)!.scores;
    for (const { scores, selected } of selections) {
      expect(selected).toEqual(bestPages(scores, shape.pagesPerHead));
    }
    if (kind === 'prefill') {
      const { sequence, position } = rows[0]!;
      simulator.begin(sequence, Math.floor(position / 16) + 1);
      simulator.select(sequence, scoresOf(sequence));
      continue;
    }
    if (kind === 'end') {
      const { sequence, position } = rows[0]!;
      simulator.end(sequence, (position + 1) / 16);
      continue;
    }
    // Unstable heads with a choice select in every step, and stable ones at a rerank.
    const isSelected = (s: LoggedSelection) => !s.isForLater;
    const numChoosing = rows.filter(({ position }) => Math.floor(position / 16) + 1 > mostWhole).length;
    expect(selections.filter(isSelected).length).toBe(numChoosing * shape.unstable.size);
    for (const { sequence } of rows) {
      const flips = simulator.flip(sequence);
      if (flips.length === 0) continue;
      numFlips++;
      hasFlipped.add(sequence);
      const { promotions, overlaps, reloadBytes } = left.shift()!;
      expect(promotions).toEqual(
        flips.map(({ layer, kvHead, promoted }) => ({ layer, kvHead, pages: promoted })),
      );
      overlaps.forEach((overlap, i) => expect(overlap).toBeCloseTo(flips[i]!.overlap, 12));
      const numNow = flips.reduce((sum, { promoted }) => sum + promoted.length, 0);
      expect(reloadBytes).toBe(numNow * engine.runner.cache.layout.pageBytes);
      numPromoted += numNow;
    }
    for (const { sequence, position } of rows) simulator.step(sequence, position, scoresOf(sequence));
    for (const { sequence } of rows) {
      // The first steps are recorded before the host knows what the prefill has selected.
      if (!hasFlipped.has(sequence)) continue;
      expect(resident[sequence]).toEqual(simulator.resident(sequence));
      // What a stable head has: min(K, pages) of its selection, and the pages born since.
      for (const pages of simulator.resident(sequence)) {
        expect(pages.length).toBeGreaterThanOrEqual(shape.pagesPerHead);
        expect(pages.length).toBeLessThanOrEqual(shape.slotsPerStableHead);
      }
    }
  }
  expect(left).toEqual([]);
  expect(numFlips).toBeGreaterThan(30);
  expect(numPromoted).toBeGreaterThan(50);
}

/** The scores of every selection, from the summaries and queries that the GPU had. */
async function expectScores(engine: EngineCore, steps: readonly LoggedStep[]) {
  const { device, config, runner } = engine;
  const { shape, layers, pageTable } = runner.cache;
  const { headDim, numHeads, numKvHeads } = config;
  const summaryTable = new Uint32Array(await readBuffer(device, pageTable));
  const summaries: KvWords[] = [];
  for (const [slab] of layers) summaries.push(new Uint32Array(await readBuffer(device, slab!.summaries)));
  let numChecked = 0;
  for (const { layer, sequence, kvHead, position, query, scores } of steps.flatMap((s) => s.selections)) {
    const wanted = new Float32Array(scores.length);
    const input = {
      headDim,
      group: numHeads / numKvHeads,
      qkv: query,
      qkvStride: query.length,
      firstRow: 0,
      numQueries: 1,
      firstTask: 0,
      firstKvHead: 0,
      rows: Uint32Array.of(sequence, position, 0, 0),
      list: Uint32Array.of(0, kvHead),
      summaryTable,
      maxPages: shape.maxPages,
      summaries: summaries[layer]!,
      numSummarySlots: shape.numPageIds,
      scoreStride: scores.length,
      window: shape.window,
      sinks: shape.sinks,
    };
    pageScore(input, wanted);
    const tolerance = 1e-4 * Math.max(1, ...wanted.subarray(0, -1).map(Math.abs));
    const worst = scores.reduce((most, score, i) => Math.max(most, Math.abs(score - wanted[i]!)), 0);
    expect(worst).toBeLessThan(tolerance);
    numChecked += scores.length;
  }
  expect(numChecked).toBeGreaterThan(leastScores);
}

/** The scores of every selection, from the digests that the GPU had and the latest queries of each answer. */
async function expectDigestScores(engine: EngineCore, steps: readonly LoggedStep[]) {
  const { device, config, runner } = engine;
  const { shape, layers, pageTable } = runner.cache;
  const { headDim, numHeads, numKvHeads } = config;
  const summaryTable = new Uint32Array(await readBuffer(device, pageTable));
  const digests: Uint32Array[] = [];
  for (const [slab] of layers) digests.push(new Uint32Array(await readBuffer(device, slab!.summaries)));
  const rings = new Map<string, Float32Array[]>();
  let numChecked = 0;
  for (const { kind, rows, selections, queries } of steps) {
    for (const { layer, sequence, query } of queries) {
      const key = `${layer} ${sequence}`;
      const { position } = rows.find((row) => row.sequence === sequence)!;
      const isTaken = Math.floor(position / 16) + 1 > shape.pagesPerHead;
      rings.set(key, isTaken ? [...(rings.get(key) ?? []), query].slice(-shape.rerankQueries) : []);
    }
    for (const { layer, sequence, kvHead, position, isForLater, query, scores } of selections) {
      const ring = rings.get(`${layer} ${sequence}`) ?? [];
      const stride = (numHeads + 2 * numKvHeads) * headDim;
      const numRows = 1 + Math.floor((query.length - 1) / stride);
      const ofPrefill = Array.from({ length: numRows }, (_, row) =>
        query.subarray(row * stride, row * stride + numHeads * headDim),
      );
      const own = kind === 'prefill' ? ofPrefill : isForLater ? ring : ring.slice(-1);
      if (kind === 'prefill') expect(own.length).toBe(Math.min(shape.rerankQueries, (position % 16) + 1));
      const rotated = new Uint32Array(own.length * numHeads * (headDim / 4 + 2));
      own.forEach((heads, i) => {
        for (let head = 0; head < numHeads; head++) {
          const one = heads.slice(head * headDim, (head + 1) * headDim);
          rotateQuery(one, headDim ** -0.5, rotated, i * numHeads + head);
        }
      });
      const input = {
        headDim,
        group: numHeads / numKvHeads,
        kvHeads: numKvHeads,
        firstKvHead: 0,
        firstTask: 0,
        firstQuery: 0,
        numQueries: own.length,
        queryOffset: 0,
        ringOffset: 0,
        ringSize: 0,
        queries: rotated,
        rows: Uint32Array.of(sequence, position, 0, 0),
        list: Uint32Array.of(0, kvHead, own.length, 0),
        summaryTable,
        maxPages: shape.maxPages,
        digests: digests[layer]!,
        numSummarySlots: shape.numPageIds,
        scoreStride: scores.length,
        window: shape.window,
        sinks: shape.sinks,
      };
      const logMasses = new Float32Array(own.length * input.group * scores.length);
      digestScore(input, logMasses);
      const wanted = new Float32Array(scores.length);
      normalizeScores(input, logMasses, wanted);
      const worst = scores.reduce((most, score, i) => Math.max(most, Math.abs(score - wanted[i]!)), 0);
      // A code of a query may be rounded either way.
      expect(worst).toBeLessThan(0.01);
      numChecked += scores.length;
    }
    if (kind === 'end')
      for (const { sequence } of rows)
        for (const key of [...rings.keys()]) if (key.endsWith(` ${sequence}`)) rings.delete(key);
  }
  expect(numChecked).toBeGreaterThan(leastScores);
}
