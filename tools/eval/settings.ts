/** The settings that are compared, as data, and what of them an engine gets at a given context. Pure. */

/** Settings of the KV cache as `Engine.load` takes them. A build that does not know one of them refuses it. */
interface SparseKv {
  /** Pages per head at `fullBudgetTokens` of context and beyond; shorter contexts get their share. */
  readonly pagesPerHead: number;
  readonly rerankInterval: number;
  /** Share of KV heads that select anew at every step, 0 … 1. */
  readonly unstableShare: number;
  readonly reload: 'overlap' | 'pause';
  /** What pages are chosen by; with digests unstable heads are those that lose mass by holding a set, where the profile knows it. */
  readonly selection: 'minmax' | 'digest';
  /** The latest queries that a rerank uses; absent: the engine's default. */
  readonly rerankQueries?: number;
  /** The last and the first pages that heads attend in any case; absent: the engine's default. */
  readonly window?: number;
  readonly sinks?: number;
  readonly format?: string;
  readonly hostFormat?: string;
  /** Whether heads that the profile finds to retrieve attend all their pages, or select as the paper has it. */
  readonly retrievalHeads: 'exact' | 'selected';
  /** How questions attend a document that an earlier question has read. */
  readonly followUp?: 'exact' | 'sparse';
}

/** One column of the bench. */
export interface Setting {
  /** What `--settings` selects it by. */
  readonly name: string;
  readonly title: string;
  /** Absent: dense attention, by requests that are `exact` on an engine that keeps every page on the GPU. */
  readonly kv?: SparseKv;
}

/** The paper's settings. */
const paper: SparseKv = {
  pagesPerHead: 64,
  rerankInterval: 16,
  unstableShare: 0.25,
  reload: 'overlap',
  selection: 'minmax',
  retrievalHeads: 'selected',
};

/** The engine's defaults. */
const usual: SparseKv = { ...paper, selection: 'digest' };

/** The largest interval that an engine takes: no answer is that long. */
const never = 2 ** 16;

/** Format of pages with 8 bits an element. */
const eightBit = 'int8';

const variant = (name: string, title: string, changes: Partial<SparseKv>): Setting => ({
  name,
  title,
  kv: { ...paper, ...changes },
});

const digest = (name: string, title: string, changes: Partial<SparseKv>): Setting => ({
  name,
  title,
  kv: { ...usual, ...changes },
});

/** All settings, those first that matter most: where time is short, the last ones are left out. */
export const settings: readonly Setting[] = [
  { name: 'dense', title: 'dense' },
  digest('digest', 'digests (the default)', {}),
  variant('retrieval', 'MinMax, retrieving heads exact', { retrievalHeads: 'exact' }),
  variant('unstable-25', 'the paper: MinMax, rerank + unstable 25 %', {}),
  digest('digest-k-32', 'digests, K = 32', { pagesPerHead: 32 }),
  digest('digest-12', 'digests, unstable 12.5 %', { unstableShare: 0.125 }),
  digest('digest-8-bit', 'digests, 8-bit pages', { format: eightBit }),
  digest('digest-smallest', 'digests, 8-bit pages, unstable 12.5 %', {
    format: eightBit,
    unstableShare: 0.125,
  }),
  digest('smallest', "kv: 'smallest' (8-bit pages, unstable 18.75 %)", {
    format: eightBit,
    unstableShare: 0.1875,
  }),
  digest('digest-sparse-follow-up', 'digests, sparse follow-up', { followUp: 'sparse' }),
  digest('digest-1-query', 'digests, one query a rerank', { rerankQueries: 1 }),
  digest('digest-window', 'digests, last 4 pages and the first', { window: 4, sinks: 1 }),
  digest('digest-window-k-32', 'digests, K = 32, last 4 pages and the first', {
    pagesPerHead: 32,
    window: 4,
    sinks: 1,
  }),
  digest('digest-k-16', 'digests, K = 16', { pagesPerHead: 16 }),
  digest('digest-interval-4', 'digests, interval 4', { rerankInterval: 4 }),
  variant('sparse-follow-up', 'MinMax, retrieving heads exact, sparse follow-up', {
    retrievalHeads: 'exact',
    followUp: 'sparse',
  }),
  variant('no-rerank', 'no rerank', { rerankInterval: never, unstableShare: 0 }),
  variant('rerank', 'rerank only', { unstableShare: 0 }),
  variant('unstable-12', 'rerank + unstable 12 %', { unstableShare: 0.12 }),
  variant('k-32', 'K = 32', { pagesPerHead: 32 }),
  variant('8-bit', '8-bit pages', { format: eightBit }),
  variant('8-bit-host', '8-bit pages on the host', { hostFormat: eightBit }),
  variant('pause', 'pause', { reload: 'pause' }),
  variant('unstable-6', 'rerank + unstable 6 %', { unstableShare: 0.06 }),
  variant('retrieval-12', 'retrieving heads exact, unstable 12 %', {
    retrievalHeads: 'exact',
    unstableShare: 0.125,
  }),
  variant('retrieval-interval-4', 'retrieving heads exact, interval 4', {
    retrievalHeads: 'exact',
    rerankInterval: 4,
  }),
  variant('retrieval-k-128', 'retrieving heads exact, K = 128', {
    retrievalHeads: 'exact',
    pagesPerHead: 128,
  }),
  variant('retrieval-k-16', 'retrieving heads exact, K = 16', { retrievalHeads: 'exact', pagesPerHead: 16 }),
  variant('k-16', 'K = 16', { pagesPerHead: 16 }),
  variant('k-128', 'K = 128', { pagesPerHead: 128 }),
  variant('interval-4', 'interval 4', { rerankInterval: 4 }),
  variant('interval-32', 'interval 32', { rerankInterval: 32 }),
  variant('interval-64', 'interval 64', { rerankInterval: 64 }),
];

/** Heads choose their K pages however short a context is: on a GPU they would attend those of short ones whole. */
export const disabledFeatures = ['whole-lists'] as const;

/** From this context on a setting's K is what it says; at half of it, half. K = 64 is then an eighth of the pages. */
const fullBudgetTokens = 8192;

/** Fewer pages than these hold little but the tail. */
const leastPages = 4;

/** K at a context of that many tokens. */
export function scaledPages(pagesPerHead: number, contextTokens: number): number {
  const share = Math.min(1, contextTokens / fullBudgetTokens);
  return Math.max(leastPages, Math.round(pagesPerHead * share));
}

/** The `kv` options that a setting means at a context of that many tokens, as `Engine.load` takes them. */
export function kvOptions({ kv }: Setting, contextTokens: number): Readonly<Record<string, unknown>> {
  if (!kv) return { unstableShare: 1 };
  return { ...kv, pagesPerHead: scaledPages(kv.pagesPerHead, contextTokens) };
}

/** What an engine says of itself after it answered. */
export interface Residency {
  /** Pages of the document, summed over layers and KV heads, and those of them on the GPU. */
  readonly pages: number;
  readonly residentPages: number;
}

/**
 * Why an engine that took a sparse setting did not follow it, or undefined when it did: stable heads that have more pages than K
 * must have left some of them off the GPU.
 * @param documentPages pages per head of the longest prompt
 */
export function whyNotSparse(
  setting: Setting,
  pagesPerHead: number,
  documentPages: number,
  { pages, residentPages }: Residency,
): string | undefined {
  if (!setting.kv || setting.kv.unstableShare >= 1) return undefined;
  if (documentPages <= pagesPerHead) {
    return `a prompt of ${documentPages} pages fits into K = ${pagesPerHead}: nothing was left out`;
  }
  if (residentPages < pages) return undefined;
  return 'the engine took the options and kept every page on the GPU';
}
