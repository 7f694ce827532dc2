/** The options of KV memory with the default of each that is not set, and their ranges: the one place that knows them. Pure. */
import type { KvFormat } from '../kernels/attention/kv-format';
import type { HeadProfile } from '../stability/head-profile';
import type { KvOptions } from './kv-options';

/** Options of which each has a value; what depends on the model or its GPU is not among them. */
export type ResolvedKv = Required<
  Omit<KvOptions, 'gpuBytes' | 'contextTokens' | 'headProfile' | 'hostFormat'>
> &
  Pick<KvOptions, 'headProfile'> & { readonly hostFormat: KvFormat };

const mostRerankQueries = 16;

/** Every option as it is in force; one that is `undefined` is not set. */
export function resolveKv(options: KvOptions): ResolvedKv {
  const isSet = ([, value]: [string, unknown]) => value !== undefined;
  const {
    format = 'f16',
    headProfile,
    ...kv
  }: KvOptions = Object.fromEntries(Object.entries(options).filter(isSet));
  // Digests where it is known which heads lose by holding a set: on those their quality was measured. Else the paper's bounds.
  const selection = kv.selection ?? (headProfile?.massLost ? 'digest' : 'minmax');
  const isByDigests = selection === 'digest';
  const attention = kv.attention ?? profiledAttention(kv, headProfile) ?? 'selected';
  return {
    numSequences: 4,
    pagesPerHead: 64,
    window: 1,
    sinks: 0,
    rerankInterval: 16,
    rerankStagger: true,
    reload: 'overlap',
    unstableShare: 0.25,
    followUp: 'exact',
    hostBytes: 4 * 2 ** 30,
    measureStability: !headProfile,
    // Digests let heads that retrieve select as the others do; bounds do not.
    retrievalHeads: isByDigests ? 'selected' : 'exact',
    ...kv,
    ...(headProfile && { headProfile }),
    attention,
    // What is attended has to be there.
    ...(attention === 'all' && { unstableShare: 1 }),
    format,
    hostFormat: kv.hostFormat === 'int8' ? 'int8' : format,
    selection,
    rerankQueries: isByDigests ? (kv.rerankQueries ?? mostRerankQueries) : 1,
  };
}

/** What the profile of a model says of attention. It gives way: who says what heads keep or attend wants them to select. */
function profiledAttention(
  { unstableShare, pagesPerHead }: KvOptions,
  profile: HeadProfile | undefined,
): KvOptions['attention'] {
  return unstableShare === undefined && pagesPerHead === undefined ? profile?.attention : undefined;
}

/** Whether a caller wants exact answers: those are not traded for a longer context. */
export function wantsAll({ attention, unstableShare }: KvOptions): boolean {
  return attention === 'all' || unstableShare === 1;
}

/** @throws RangeError for an option out of range, naming it */
export function checkKv(kv: KvOptions): void {
  const resolved = resolveKv(kv);
  checkInteger('kv.numSequences', resolved.numSequences, 1, 64);
  checkInteger('kv.pagesPerHead', resolved.pagesPerHead, 2, 256);
  const mostQueries = resolved.selection === 'digest' ? mostRerankQueries : 1;
  checkInteger('kv.rerankQueries', kv.rerankQueries ?? 1, 1, mostQueries);
  checkInteger('kv.window', resolved.window, 1, 64);
  checkInteger('kv.sinks', resolved.sinks, 0, 8);
  checkInteger('kv.rerankInterval', resolved.rerankInterval, 1, 2 ** 16);
  checkInteger('kv.hostBytes', resolved.hostBytes, 0, Number.MAX_SAFE_INTEGER);
  const share = resolved.unstableShare;
  if (!(share >= 0 && share <= 1))
    throw new RangeError(`kv.unstableShare must be a number from 0 to 1, not ${share}.`);
}

/** @throws RangeError for what is no whole number of the range */
export function checkInteger(name: string, value: number, min: number, max: number): void {
  if (!Number.isInteger(value) || value < min || value > max) {
    throw new RangeError(`${name} must be a whole number from ${min} to ${max}, not ${value}.`);
  }
}
