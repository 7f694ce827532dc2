/** What a row's experts give, added by their shares. */
import shader from '../../../shaders/linear/add-experts.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';

/** `y[outputRow + r] += Σ shares[p] · z[p]` over row r's pairs p of `routeExperts`; `z [rows · perToken, width]`. */
export const addExperts = {
  name: 'linear/add-experts',
  bindings: { z: 'read', shares: 'read', y: 'read_write' },
  params: { rows: 'u32', width: 'u32', perToken: 'u32', outputRow: 'u32' },
  variants: [{ name: 'portable', sources: [shader] }],
} satisfies KernelSpec;

/** The grid of `addExperts`. */
export function addExpertsGrid(rows: number, width: number): Grid {
  return flatGrid(ceilDiv(rows * width, 64));
}
