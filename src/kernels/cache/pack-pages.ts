/** Pages from elements to 8 bits and back. */
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';
import { pageTokens, type KvElement } from '../attention/kv-format';
import { packingSources } from '../attention/kv-library';

const packShader = () => import('../../../shaders/cache/pack-pages.wgsl');
const unpackShader = () => import('../../../shaders/cache/unpack-pages.wgsl');

/**
 * Packs page `list[2i]` of `pages` into page `list[2i + 1]` of `packed`, each with its first `numTokens` tokens. Whole pages
 * are rounded in place, so that a page is the same before it leaves and after it returns.
 */
export function packPages(element: KvElement) {
  return {
    name: `cache/pack-pages:${element}`,
    bindings: { pages: 'read_write', packed: 'read_write' },
    params: { numPages: 'u32', numTokens: 'u32' },
    constants: { HEAD_DIM: 64 },
    hasList: true,
    variants: [{ name: 'portable', sources: [...packingSources(element), packShader] }],
  } as const satisfies KernelSpec;
}

/** Grid of `packPages`. */
export function packPagesGrid(numPages: number, headDim: number): Grid {
  return flatGrid(ceilDiv(numPages * (headDim / 8 + pageTokens), 64));
}

/** Unpacks page `list[2i]` of `packed` into page `list[2i + 1]` of `pages`. */
export function unpackPages(element: KvElement) {
  return {
    name: `cache/unpack-pages:${element}`,
    bindings: { packed: 'read', pages: 'read_write' },
    params: { numPages: 'u32' },
    constants: { HEAD_DIM: 64 },
    hasList: true,
    variants: [{ name: 'portable', sources: [...packingSources(element), unpackShader] }],
  } as const satisfies KernelSpec;
}

/** Grid of `unpackPages`. */
export function unpackPagesGrid(numPages: number, headDim: number): Grid {
  return flatGrid(ceilDiv(numPages * 2 * pageTokens * (headDim / 8), 64));
}
