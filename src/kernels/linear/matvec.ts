/** Matrix times a few vectors, for decoding: the norm before it and what follows it are part of the kernel. */
import finish from '../../../shaders/linear/matvec-finish.wgsl';
import portable from '../../../shaders/linear/matvec.wgsl';
import type { DeviceFeature } from '../../gpu/device';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { flatGrid } from '../../gpu/recorder';
import { ceilDiv } from '../../util/math';
import { formatTraits, hasScales, type MatrixFormat } from './matrix-format';
import { weightBindings, weightSources } from './weight-sources';

const softwareSums = () => import('../../../shaders/lib/software-sums.wgsl');
const naive = () => import('../../../shaders/linear/matvec-naive.wgsl');
const software = () => import('../../../shaders/linear/matvec-software.wgsl');

/** Bindings of `matvec`. */
type MatvecBinding = 'values' | 'x' | 'normWeight' | 'bias' | 'y';
/** Parameters of `matvec`. */
export type MatvecParam = 'columns' | 'numOutputs' | 'firstOutput' | 'outputStride' | 'epsilon';
/** Constants of `matvec`. */
type MatvecConstant = 'NORM' | 'BIAS' | 'RESIDUAL' | 'ROWS' | 'STAGED' | keyof MatvecTuning;

/**
 * How the portable variant shares its work. AHEAD, 1, 2 or 4: steps of LANES blocks of a row that weights are loaded ahead. LANES,
 * 16 or 32: invocations that share a row, in another order of its sum. TEAM_ROWS, 1, 2 or 4, at least 2 where gated: matrix rows
 * that they take together. No result depends on AHEAD and TEAM_ROWS.
 */
export interface MatvecTuning {
  readonly AHEAD: number;
  readonly LANES: number;
  readonly TEAM_ROWS: number;
}

/** As the shaders have it where nothing else is given. */
export const plainTuning: MatvecTuning = { AHEAD: 1, LANES: 16, TEAM_ROWS: 2 };

/**
 * `y[r, firstOutput + n] = [y] + [bias[firstOutput + n]] + W[n] · x'[r]` for r < ROWS and n < numOutputs, where x' is
 * `x [ROWS, columns]`, normed by its root mean square and multiplied by `normWeight` if NORM. One slab of W at a time.
 * NORM, BIAS, RESIDUAL are 0 or 1, ROWS 1, 2, 4 or 8: x and y hold that many rows. A row's result is the same, to the bit,
 * for every ROWS. STAGED is the portable variant's workgroup memory in vectors of 16 bytes, at least 256 and
 * 128 * ROWS: no result depends on it.
 * `scales` is bound only for affine groups; any f32 buffer serves for an unused normWeight or bias.
 */
export function matvec(format: MatrixFormat): KernelSpec<MatvecBinding, MatvecParam, MatvecConstant> {
  const weights = weightSources(format, 5);
  return {
    name: `linear/matvec:${format}`,
    bindings: weightBindings(format, { x: 'read', normWeight: 'read', bias: 'read', y: 'read_write' }),
    params: { columns: 'u32', numOutputs: 'u32', firstOutput: 'u32', outputStride: 'u32', epsilon: 'f32' },
    constants: { NORM: 0, BIAS: 0, RESIDUAL: 0, ROWS: 1, STAGED: 1024, ...plainTuning },
    variants: [
      { name: 'software', sources: [...weights, softwareSums, software, finish], requires: ['software'] },
      { name: 'portable', sources: [...weights, portable, finish] },
      { name: 'naive', sources: [...weights, naive] },
    ],
  };
}

/** A matrix of `numRows` rows times `rows` vectors. */
export interface MatvecShape {
  readonly format: MatrixFormat;
  readonly numRows: number;
  readonly rows: number;
  readonly isGated: boolean;
}

/** The tuning of a product; a software adapter has kernels of its own, of which each workgroup does 64 matrix rows. */
export function matvecTuning(shape: MatvecShape, features: ReadonlySet<DeviceFeature>): MatvecTuning {
  if (features.has('software')) return { AHEAD: 1, LANES: 16, TEAM_ROWS: 4 };
  return {
    AHEAD: loadsAhead(shape, features),
    LANES: teamLanes(shape, features),
    TEAM_ROWS: features.has('wide-teams') ? teamRows(shape) : 2,
  };
}

/**
 * By what an H100 took (Qwen2-0.5B, f16, one row: down projection 43 µs with 1, 27 with 4; head 130 and 99). Formats of 8 and 4
 * bits have more to do for a load, and each load ahead takes registers: they, gate and up together, and many rows get slower
 * with more.
 */
function loadsAhead({ format, rows, isGated }: MatvecShape, features: ReadonlySet<DeviceFeature>): number {
  if (!features.has('loads-ahead') || hasScales(format)) return 1;
  if (isGated) return rows <= 4 ? 2 : 1;
  return rows <= 4 ? 4 : 2;
}

/**
 * More of them make more workgroups, which a small matrix has too few of. An H200 took, with 16 and 32 lanes, in µs: f16, 4,864 to
 * 896 14 and 10, 4,096 to 4,096 48 and 41, 14,336 to 4,096 155 and 123; but 896 to 151,936 391 and 617. With q4, eight rows of x
 * leave workgroup memory for 16 blocks of each alone.
 */
function teamLanes({ format, numRows, isGated }: MatvecShape, features: ReadonlySet<DeviceFeature>): number {
  return features.has('wide-teams') && formatTraits[format].bits !== 4 && !isGated && numRows <= 8192
    ? 32
    : 16;
}

/**
 * By what an H200 took with q4, in µs with 1, 2 and 4: one row, 4,096 to 4,096 10.2, 10.5 and 14.3, 14,336 to 4,096 26, 28 and 39,
 * 4,096 to 6,144 15, 15 and 17, to 128,256 195, 138 and 140; eight rows, 4,096 to 6,144 85, 76 and 50, gate and up (28,672) –, 262
 * and 191, 4,096 to 4,096 39, 36 and 45, 4,864 to 896 39, 42 and 53.
 */
function teamRows({ format, numRows, rows, isGated }: MatvecShape): number {
  if (formatTraits[format].bits !== 4) return 2;
  if (!isGated && numRows <= (rows <= 2 ? 4096 : 2048)) return 1;
  return rows >= 4 && (isGated || numRows > 4096) ? 4 : 2;
}

/** The grid of `matvec` and `matvecGated` for a slab of `numMatrixRows` rows. */
export function matvecGrid(numMatrixRows: number, { LANES, TEAM_ROWS }: MatvecTuning): Grid {
  return flatGrid(ceilDiv(numMatrixRows, (256 / LANES) * TEAM_ROWS));
}
