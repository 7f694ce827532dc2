/** What `bench kv` measures: one case for each length, number of sequences and mode. Pure. */
import type { KvOptions } from '../../../src/runner/memory-plan';
import type { KvFormat } from '../../../src/kernels/attention/kv-format';
import { pageTokens } from '../../../src/cache/page';
import type { LongOptions } from './long';
import type { Fill, ShapeName } from './shapes';

/** How decoding treats the context. */
export const kvModes = ['exact', 'per-step', 'pause', 'overlap'] as const;

/** `exact`: every page attended; `per-step`: all heads unstable; `pause` and `overlap`: the hierarchy. */
export type KvMode = (typeof kvModes)[number];

/** What is measured of every case. */
export interface KvBenchOptions {
  readonly shape: ShapeName;
  readonly fill: Fill;
  readonly lengths: readonly number[];
  readonly modes: readonly KvMode[];
  readonly sequences: readonly number[];
  readonly formats: readonly KvFormat[];
  /** Steps of every sequence that are measured. */
  readonly steps: number;
  readonly unstableShare: number;
  readonly pagesPerHead: number;
  readonly rerankInterval: number;
  /** Whether layers rerank at different steps. */
  readonly isStaggered: boolean;
  /** Whether one kernel may score and select pages. */
  readonly isFused: boolean;
  /** Whether GPU times by kernel are wanted. */
  readonly hasProfile: boolean;
}

/** One line of the table. */
export interface KvCase {
  readonly length: number;
  readonly mode: KvMode;
  readonly numSequences: number;
  readonly format: KvFormat;
}

/** Steps before those that are measured: what is compiled or allocated at first use is over then. */
export const numWarmSteps = 8;

/** Steps that are profiled after them: as many as from one rerank to the next with the usual interval. */
export const numProfiledSteps = 16;

/** All cases, those of one length side by side. */
export function kvCases({ lengths, sequences, formats, modes }: KvBenchOptions): KvCase[] {
  return lengths.flatMap((length) =>
    sequences.flatMap((numSequences) =>
      formats.flatMap((format) => modes.map((mode) => ({ length, mode, numSequences, format }))),
    ),
  );
}

/** Tokens that a sequence generates at most: the first answers go on while the last ones begin. */
export function maxGenerated({ numSequences }: KvCase, { steps }: KvBenchOptions): number {
  return numWarmSteps + steps + (numSequences > 1 ? 128 * numSequences : 0);
}

/** How the engine of a case is loaded: all sequences fit, whatever that takes. */
export function kvOptionsOf(kvCase: KvCase, options: KvBenchOptions): KvOptions {
  const { length, mode, numSequences, format } = kvCase;
  const { pagesPerHead, rerankInterval, isStaggered, unstableShare } = options;
  const hasStable = mode === 'pause' || mode === 'overlap';
  return {
    format,
    numSequences,
    pagesPerHead,
    rerankInterval,
    rerankStagger: isStaggered,
    contextTokens: length + pageTokens + maxGenerated(kvCase, options),
    gpuBytes: Number.MAX_SAFE_INTEGER,
    hostBytes: Number.MAX_SAFE_INTEGER,
    unstableShare: hasStable ? unstableShare : 1,
    ...(hasStable && { reload: mode }),
  };
}

/** Context of `--long`: the most pages that the kernels select from. */
export const longContextTokens = 131_072;

/** What `--long` asks: one question for each format, at WebGPU's default limits. */
export function longCases(options: KvBenchOptions): LongOptions[] {
  const { formats, fill, unstableShare, pagesPerHead, rerankInterval } = options;
  const [numQuestionTokens, numAnswerTokens] = [64, 64];
  return formats.map((format) => ({
    shape: 'small',
    fill,
    length: longContextTokens - numQuestionTokens - numAnswerTokens,
    numQuestionTokens,
    numAnswerTokens,
    kv: { format, unstableShare, pagesPerHead, rerankInterval },
    useDefaultLimits: true,
  }));
}
