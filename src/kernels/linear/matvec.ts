/** Matrix times a few vectors, for decoding: the norm before it and what follows it are part of the kernel. */
import finish from '../../../shaders/linear/matvec-finish.wgsl';
import portable from '../../../shaders/linear/matvec.wgsl';
import type { DeviceFeature } from '../../gpu/device';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';
import { hasScales, type WeightFormat } from './weight-format';
import { weightBindings, weightSources } from './weight-sources';

const softwareSums = () => import('../../../shaders/lib/software-sums.wgsl');
const naive = () => import('../../../shaders/linear/matvec-naive.wgsl');
const software = () => import('../../../shaders/linear/matvec-software.wgsl');

/** Outputs of one workgroup. */
const outputsPerGroup = 16;

/** Bindings of `matvec`. */
export type MatvecBinding = 'values' | 'x' | 'normWeight' | 'bias' | 'y';
/** Parameters of `matvec`. */
export type MatvecParam = 'columns' | 'numOutputs' | 'firstOutput' | 'outputStride' | 'epsilon';
/** Constants of `matvec`. */
export type MatvecConstant = 'NORM' | 'BIAS' | 'RESIDUAL' | 'ROWS' | 'STAGED' | 'AHEAD' | 'LANES';

/**
 * `y[r, firstOutput + n] = [y] + [bias[firstOutput + n]] + W[n] · x'[r]` for r < ROWS and n < numOutputs, where x' is
 * `x [ROWS, columns]`, normed by its root mean square and multiplied by `normWeight` if NORM. One slab of W at a time.
 * NORM, BIAS, RESIDUAL are 0 or 1, ROWS 1, 2, 4 or 8: x and y hold that many rows. A row's result is the same, to the bit,
 * for every ROWS. STAGED is the portable variant's workgroup memory in vectors of 16 bytes, at least 256 and 128 * ROWS;
 * AHEAD, 1, 2 or 4, how many steps of LANES blocks of a row it loads weights ahead, 1 with q8 and q4: no result depends on it.
 * LANES, 16 or 32, is how many invocations share a row there: another order of its sum.
 * `scales` is bound only for q8 and q4; any f32 buffer serves for an unused normWeight or bias.
 */
export function matvec(format: WeightFormat): KernelSpec<MatvecBinding, MatvecParam, MatvecConstant> {
  const weights = weightSources(format, 5);
  return {
    name: `linear/matvec:${format}`,
    bindings: weightBindings(format, { x: 'read', normWeight: 'read', bias: 'read', y: 'read_write' }),
    params: { columns: 'u32', numOutputs: 'u32', firstOutput: 'u32', outputStride: 'u32', epsilon: 'f32' },
    constants: { NORM: 0, BIAS: 0, RESIDUAL: 0, ROWS: 1, STAGED: 1024, AHEAD: 1, LANES: 16 },
    variants: [
      { name: 'software', sources: [...weights, softwareSums, software, finish], requires: ['software'] },
      { name: 'portable', sources: [...weights, portable, finish] },
      { name: 'naive', sources: [...weights, naive] },
    ],
  };
}

/**
 * AHEAD for a product of `rows` rows, by what an H100 took (Qwen2-0.5B, f16, one row: down projection 43 µs with 1, 27 with 4; head
 * 130 and 99). Formats of 8 and 4 bits have more to do for a load, and each load ahead takes registers: they, gate and up
 * together, and many rows get slower with more.
 */
export function loadsAhead(
  format: WeightFormat,
  rows: number,
  isGated: boolean,
  features: ReadonlySet<DeviceFeature>,
): number {
  if (!features.has('loads-ahead') || hasScales(format)) return 1;
  if (isGated) return rows <= 4 ? 2 : 1;
  return rows <= 4 ? 4 : 2;
}

/**
 * LANES for a matrix of `numRows` rows: more of them make more workgroups, which a small matrix has too few of. An H200 took, with
 * 16 and 32 lanes, in µs: f16, 4,864 to 896 14 and 10, 4,096 to 4,096 48 and 41, 14,336 to 4,096 155 and 123; but 896 to 151,936
 * 391 and 617. With q4, eight rows of x leave workgroup memory for 16 blocks of each alone.
 */
export function teamLanes(
  format: WeightFormat,
  numRows: number,
  features: ReadonlySet<DeviceFeature>,
): number {
  return features.has('wide-teams') && format !== 'q4' && numRows <= 8192 ? 32 : 16;
}

/** The grid of `matvec` and `matvecGated` for a slab of `numOutputs` outputs. */
export function matvecGrid(numOutputs: number): Grid {
  return flatGrid(ceilDiv(numOutputs, outputsPerGroup));
}
