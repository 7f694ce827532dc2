/** The options of KV memory: a type of its own, since plans and what gives way in them both follow it. */
import type { PageSelection } from '../cache/cache-layout';
import type { KvFormat } from '../kernels/attention/kv-format';
import type { HeadProfile } from '../stability/head-profile';

/** What the user may set about KV memory. */
export interface KvOptions {
  /**
   * Storage of keys and values on the GPU. Default: that of this model's documents in the browser, else `'f16'`. Where they are not set,
   * `numSequences`, this, `unstableShare` and `pagesPerHead` give way before the context does: to 1, `'int8'`, 0.125 and 32.
   */
  readonly format?: KvFormat;
  /** Storage of pages outside the GPU: the same, or 8 bits an element. Default `'same'`; with `format: 'int8'` both are. */
  readonly hostFormat?: 'same' | 'int8';
  /**
   * GPU bytes for everything but the weights. Default: half of the weights, at least 512 MiB, and beyond that at most half of what
   * the GPU binds at once.
   */
  readonly gpuBytes?: number;
  /** Longest context of one request, prompt and answer, in tokens. Default: what the model was made for, or what fits. */
  readonly contextTokens?: number;
  /** Sequences whose KV is kept at the same time, running or idle; up to 8 of them decode together. Default 4. */
  readonly numSequences?: number;
  /**
   * Pages that a head attends at most, 2 to 256, and that a stable one keeps on the GPU. Default 64. Unless the adapter is a program on
   * the CPU, unstable heads attend up to ten times as many: choosing among those would take longer.
   */
  readonly pagesPerHead?: number;
  /**
   * What answers attend: the pages that each head selects (`'selected'`), or the whole context (`'all'`), whatever a request's `exact`
   * says; then every page is on the GPU. Default: what the head profile says where neither `unstableShare` nor `pagesPerHead` is set,
   * else `'selected'`.
   */
  readonly attention?: 'all' | 'selected';
  /**
   * What pages are chosen by: `'digest'`, an estimate of what each weighs, from its keys in two bits a channel; or `'minmax'`, an upper
   * bound from the range of its keys. The default is `'digest'` where the head profile has `massLost`, else `'minmax'`.
   */
  readonly selection?: PageSelection;
  /** The latest queries that a rerank of stable heads uses, 1 to 16. Default 16 with digests; 1 is all that `'minmax'` knows. */
  readonly rerankQueries?: number;
  /** The last pages of a context that are always among those that a head attends, 1 to 64; K at most. Default 1. */
  readonly window?: number;
  /** The first pages that are, 0 to 8, as far as K leaves room for them beside the last one. Default 0. */
  readonly sinks?: number;
  /** Decode steps from one rerank of stable heads to the next. Default 16. */
  readonly rerankInterval?: number;
  /** Layers rerank at different steps, so that fewer pages come back at a time. Default true. */
  readonly rerankStagger?: boolean;
  /** While pages come back from the host the answer goes on (`'overlap'`, the default) or waits (`'pause'`). */
  readonly reload?: 'overlap' | 'pause';
  /**
   * Share of KV heads that keep all their pages on the GPU, 0 to 1. Default 0.25; 1 with `attention: 'all'`, whatever it is. A wanted context that does not fit with it gets
   * the largest share that does, even where this is set; 1 is never lowered.
   */
  readonly unstableShare?: number;
  /**
   * The unstable heads that the profile finds to retrieve attend all the pages that they keep anyway (`'exact'`, the default with
   * `'minmax'`), or select as the other unstable ones do (`'selected'`, the default with digests).
   */
  readonly retrievalHeads?: 'exact' | 'selected';
  /**
   * How a new question over a context attends the pages of it that are cached: all of them (`'exact'`, the default), or `'sparse'`,
   * those that each KV head selects for the question. Where K holds them all it makes no difference.
   */
  readonly followUp?: 'exact' | 'sparse';
  /** Which heads are unstable, as measured. Without it every layer has the same share. */
  readonly headProfile?: HeadProfile;
  /**
   * Whether to measure while answering which heads are unstable: now and then (true), or `'every-step'`. It changes no token.
   * Default: true without a `headProfile`.
   */
  readonly measureStability?: boolean | 'every-step';
  /** Memory for pages outside the GPU, in bytes; those beyond it go to the disk. Default 4 GiB. */
  readonly hostBytes?: number;
}
