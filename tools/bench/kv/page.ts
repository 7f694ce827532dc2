/** The half of `bench kv` that runs in a page: the engine itself, without the worker between, so that it can be watched. */
import type { KvBenchOptions, KvCase } from './cases';
import { runLong, type LongOptions, type LongResult } from './long';
import { runKvCase, type KvResult } from './run';

/** Measures one case on the page's adapter. */
export function runCase(options: KvBenchOptions, kvCase: KvCase): Promise<KvResult> {
  return runKvCase(navigator.gpu, options, kvCase);
}

/** Asks one question over a long context, on the page's adapter. */
export function runLongCase(options: LongOptions): Promise<LongResult> {
  return runLong(navigator.gpu, options);
}
