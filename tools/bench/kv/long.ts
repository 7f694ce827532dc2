/** One question over a long filled context: a real follow-up prefill, a real answer, and the GPU's bytes at every submission. */
import { EngineCore } from '../../../src/engine/engine';
import type { StepLogprobs } from '../../../src/loop/generation';
import type { KvOptions } from '../../../src/runner/memory-plan';
import { checkIntegrity } from '../../util/check-integrity';
import { requestOf } from '../../node/requests';
import { promptIds } from '../prompt-ids';
import { fillContext } from './fill';
import { denseBytes, watchBytes } from './run';
import { kvModel, type Fill, type ShapeName } from './shapes';

/** What is asked, and of which engine. */
export interface LongOptions {
  readonly shape: ShapeName;
  readonly fill: Fill;
  /** Tokens that are filled, whole pages. */
  readonly length: number;
  readonly numQuestionTokens: number;
  readonly numAnswerTokens: number;
  readonly kv: Pick<KvOptions, 'format' | 'pagesPerHead' | 'unstableShare' | 'rerankInterval' | 'reload'>;
  /** Nothing beyond WebGPU's default limits and features. */
  readonly useDefaultLimits: boolean;
}

/** What it came to. */
export interface LongResult {
  /** Pages and summaries, as a share of keys and values of the same tokens at f16. */
  readonly shareOfDense: number;
  readonly kvBytes: number;
  readonly plannedTotal: number;
  /** Most bytes that were live at any submission, or at any other time. */
  readonly peakTotal: number;
  readonly hostBytes: number;
  readonly numCachedTokens: number;
  readonly fillMs: number;
  readonly prefillMs: number;
  readonly stepMs: readonly number[];
  readonly logprobs: readonly StepLogprobs[];
  readonly reranks: number;
  readonly promotions: number;
}

/** @throws what the engine throws */
export async function runLong(gpu: GPU, options: LongOptions): Promise<LongResult> {
  const { shape, fill, length, numQuestionTokens, numAnswerTokens, kv, useDefaultLimits } = options;
  const { source, weights } = kvModel(shape, fill, Math.min(0.5, (16 * (kv.pagesPerHead ?? 64)) / length));
  const core = await EngineCore.load(source, {
    gpu,
    ...(weights && { weights }),
    useDefaultLimits,
    kv: {
      ...kv,
      contextTokens: length + numQuestionTokens + numAnswerTokens,
      numSequences: 1,
      gpuBytes: Number.MAX_SAFE_INTEGER,
    },
  });
  try {
    const use = watchBytes(core);
    const startedAt = performance.now();
    const context = await fillContext(core, length, 1);
    const fillMs = performance.now() - startedAt;
    const question = promptIds(core.config.vocabSize, numQuestionTokens, 2);
    const request = requestOf([...context, ...question], {
      maxTokens: numAnswerTokens,
      ignoreEos: true,
      logprobs: 5,
      sampling: { temperature: 2, seed: 3 },
    });
    const logprobs: StepLogprobs[] = [];
    for await (const event of core.generate(request)) {
      if (event.kind === 'delta') logprobs.push(...(event.logprobs ?? []));
      if (event.kind !== 'end') continue;
      const { memory, kv: counts } = core.stats();
      const { plan } = core.runner;
      const kvBytes = memory.gpuBytes.kv + memory.gpuBytes.summaries;
      checkIntegrity(core.runner.cache);
      return {
        shareOfDense: kvBytes / denseBytes(core.config, plan.contextTokens),
        kvBytes,
        plannedTotal: plan.totalGpuBytes,
        peakTotal: Math.max(use.peak, memory.peakTotal),
        hostBytes: memory.hostBytes,
        numCachedTokens: event.numCachedTokens,
        fillMs,
        prefillMs: event.timings.prefillMs,
        stepMs: event.timings.stepMs,
        logprobs,
        reranks: counts.reranks,
        promotions: counts.promotions,
      };
    }
    throw new Error('the answer had no end');
  } finally {
    await core.dispose();
  }
}
