/** Digests of full pages: their keys in two bits a channel, by which selection estimates what a page weighs. */
import shader from '../../../shaders/cache/page-digest.wgsl';
import type { KernelSpec } from '../../gpu/kernel';
import type { KvFormat } from '../attention/kv-format';
import { poolSources } from '../attention/kv-library';

/** Bytes of one digest: codes of 16 tokens, and a scale of each. */
export function digestBytes(headDim: number): number {
  return 4 * (headDim + 8);
}

/**
 * For each of `numEntries` pairs (page, slot) of the list, the digest of `pool [pages]` to `digests [slots, digest]`; pages are of
 * `format`, and full. `ROUND` 1: keys of 8 bits are rounded to f16 first, so that a page and its copy in f16 have one digest.
 * Grid: `flatGrid(numEntries)`.
 */
export function pageDigest(format: KvFormat) {
  const sources = [...poolSources(format), shader];
  return {
    name: `cache/page-digest:${format}`,
    bindings: { pool: 'read', digests: 'read_write' },
    params: { numEntries: 'u32' },
    constants: { HEAD_DIM: 64, ROUND: 0 },
    hasList: true,
    variants: [
      { name: 'software', sources, requires: ['software'], constants: { threads: 8, TOKENS: 4 } },
      { name: 'portable', sources },
    ],
  } as const satisfies KernelSpec;
}
