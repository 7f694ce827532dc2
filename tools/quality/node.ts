/**
 * The comparison under Dawn for Node: entry of the bundle that `quality.ts` builds. It also runs on a machine with a GPU and without the
 * repository; the current folder then holds `public/` as far as models and profiles are taken from there.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import type { EngineCore } from '../../src/engine/engine';
import { fingerprintModel } from '../../src/weights/model-fingerprint';
import type { ModelSource } from '../../src/source/model-source';
import { profileNameOf } from '../../src/stability/choose-profile';
import { checkOutput, readTextFile } from '../command-line/files.mjs';
import { median } from '../bench/statistics';
import { askEngine, checkKv, loadEngine, nodeGpu, runNodeProgram } from '../node/harness';
import { openModel } from '../node/open-model';
import { requestOf } from '../node/requests';
import { shareDevices } from '../node/share-devices';
import { compareSteps, type ScoredStep } from './compare';
import { ForcedRequest } from './forced-request';
import { compareAnswers } from './free-answers';
import { parseOptions, usage, type QualityOptions } from './options';
import { cutPassages, type Passage } from './passages';
import { formatRows, type QualityRow, type Speed } from './report';
import { settings, type Setting } from './settings';

const dense: Setting = {
  name: 'dense',
  title: 'dense',
  kv: { unstableShare: 1, format: 'f16' },
  disabledFeatures: [],
};

/** What the passages gave in one setting. */
interface Scored {
  readonly steps: readonly ScoredStep[];
  readonly row: Pick<QualityRow, 'pagesPerHead' | 'unstableShare' | 'bytesOfDense'>;
}

/** Steps that are timed. */
const numTimed = 128;

/** A prompt that nobody has read yet, and an answer as the model gives it. */
async function time(core: EngineCore, promptIds: readonly number[], isExact: boolean): Promise<Speed> {
  const request = requestOf(promptIds, { maxTokens: numTimed, ignoreEos: true, isExact });
  const { timings } = (await askEngine(core, request)).end;
  const { prefillMs, stepMs } = timings;
  return {
    promptTokens: promptIds.length,
    prefillTokensPerSecond: (1000 * promptIds.length) / prefillMs,
    medianMs: median(stepMs),
    meanMs: stepMs.reduce((sum, ms) => sum + ms, 0) / stepMs.length,
  };
}

/** Each prompt's greedy answer of so many tokens, one after the other. */
async function answerFreely(
  core: EngineCore,
  passages: readonly Passage[],
  numTokens: number,
  isExact: boolean,
): Promise<readonly (readonly number[])[]> {
  const answers: number[][] = [];
  for (const { promptIds } of passages) {
    const ids: number[] = [];
    const request = requestOf(promptIds, { maxTokens: numTokens, ignoreEos: true, isExact });
    await askEngine(core, request, ({ tokenIds }) => ids.push(...tokenIds));
    answers.push(ids);
  }
  return answers;
}

async function score(
  core: EngineCore,
  passages: readonly Passage[],
  numParallel: number,
  isExact: boolean,
): Promise<Scored> {
  const all: ScoredStep[][] = [];
  for (let first = 0; first < passages.length; first += numParallel) {
    const group = passages.slice(first, first + numParallel);
    const requests = group.map(
      ({ promptIds, answerIds }) => new ForcedRequest(promptIds, answerIds, { logprobs: 20, isExact }),
    );
    for (const request of requests) core.loop.add(request);
    for (const request of requests) {
      const steps = await request.done;
      all.push(
        steps.map(({ tokenId, logprobs }) => ({
          target: tokenId,
          targetLogprob: logprobs!.chosen,
          ids: logprobs!.top.map((token) => token.tokenId),
          logprobs: logprobs!.top.map(({ logprob }) => logprob),
        })),
      );
    }
  }
  const { plan } = core.runner;
  const { numLayers, numKvHeads, headDim } = core.config;
  const { contextTokens, cache, unstableShare } = plan;
  const sequences = cache.numSequences;
  return {
    steps: all.flat(),
    row: {
      pagesPerHead: cache.pagesPerHead,
      unstableShare: unstableShare.inForce,
      bytesOfDense:
        (plan.gpuBytes.kv + plan.gpuBytes.summaries) /
        (4 * numLayers * numKvHeads * headDim * contextTokens * sequences),
    },
  };
}

async function findProfile(source: ModelSource, path: string | undefined): Promise<object | undefined> {
  const shipped = join('public/profiles', profileNameOf(await fingerprintModel(source)));
  const found = path ?? (existsSync(shipped) ? shipped : undefined);
  return found === undefined ? undefined : (JSON.parse(readTextFile(found, 'profile')) as object);
}

async function run(options: QualityOptions): Promise<void> {
  const { lengths, numSteps, numPassages, numParallel, gpuBytes, outPath, isTimed, numFree } = options;
  checkOutput(outPath);
  const location = options.model ?? 'public/models/scout';
  const source = await openModel(location);
  const headProfile = await findProfile(source, options.profilePath);
  const gpu = shareDevices(nodeGpu());
  const texts = options.textPaths.map((path) => ({ name: basename(path), text: readTextFile(path) }));
  const open = ({ kv, disabledFeatures }: Setting, lengthTokens: number) =>
    loadEngine(source, {
      gpu,
      disabledFeatures,
      kv: checkKv({
        ...kv,
        contextTokens: 16 * Math.ceil((lengthTokens + Math.max(0, numFree - numSteps)) / 16),
        numSequences: numParallel,
        gpuBytes,
        measureStability: false,
        ...(headProfile && { headProfile }),
      }),
    });
  const rows: QualityRow[] = [];
  let about: object = {};
  for (const lengthTokens of lengths) {
    let passages: Passage[] = [];
    let reference: Scored | undefined;
    let denseAnswers: readonly (readonly number[])[] | undefined;
    for (const setting of [
      dense,
      ...options.settings.map((name) => settings.find((s) => s.name === name)!),
    ]) {
      const core = await open(setting, lengthTokens);
      try {
        if (!reference) {
          const tokens = texts.map(({ name, text }) => ({
            name,
            ids: core.tokenizer.encode(text, { addSpecialTokens: false }),
          }));
          passages = cutPassages(tokens, {
            lengthTokens,
            numSteps,
            numPassages,
            bosIds: core.tokenizer.surround([]),
          });
          about = {
            model: basename(location),
            adapter: core.stats().adapter.description,
            texts: texts.map(({ name }) => name),
          };
          console.log(
            `${basename(location)} (head profile: ${headProfile ? 'given' : core.stats().kv.headProfile}) on ${core.stats().adapter.description}: ${passages.length} passages of ${lengthTokens} tokens, the last ${numSteps} of each scored`,
          );
        }
        const isExact = setting === dense || core.runner.plan.attention === 'all';
        const speed = isTimed ? await time(core, passages[0]!.promptIds, isExact) : undefined;
        const scored = await score(core, passages, numParallel, isExact);
        reference ??= scored;
        const answers = await answerFreely(core, numFree > 0 ? passages : [], numFree, isExact);
        denseAnswers ??= answers;
        const { name, title } = setting;
        rows.push({
          setting: name,
          title,
          lengthTokens,
          ...scored.row,
          ...(speed && { speed }),
          ...(numFree > 0 && { free: answers.map((ids, i) => compareAnswers(denseAnswers![i]!, ids)) }),
          ...compareSteps(reference.steps, scored.steps),
        });
        console.error(formatRows(rows.slice(-1)).split('\n')[1]);
        writeFileSync(
          outPath,
          `${JSON.stringify({ ...about, numSteps, numPassages, numParallel, rows }, null, 1)}\n`,
        );
      } finally {
        await core.dispose();
      }
    }
    console.log(formatRows(rows.filter((row) => row.lengthTokens === lengthTokens)));
  }
}

runNodeProgram({ parse: parseOptions, usage }, run);
