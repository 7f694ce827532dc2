/** RMS norms of all query heads of a token together, and of all its key heads, where a model has them. */
import type { GpuBuffer } from '../gpu/buffer';
import { flatGrid, type Recorder } from '../gpu/recorder';
import { rmsNormInPlace } from '../kernels/norm/rms-norm-in-place';
import type { LayerWeights } from '../weights/weights';
import { qkvWidth } from './activations';
import type { LinearContext } from './linear-context';

/** Records the norms for a run of rows. */
type HeadNorms = (recorder: Recorder, rows: { readonly firstRow: number; readonly numRows: number }) => void;

/** Binds them to a layer's weights and to the rows of `qkv`; undefined for a model without. */
export async function bindHeadNorms(
  { compiler, config }: LinearContext,
  { qkNorm }: LayerWeights,
  qkv: GpuBuffer,
): Promise<HeadNorms | undefined> {
  if (config.qkNorm !== 'all' || !qkNorm) return undefined;
  const kernel = await compiler.compile(rmsNormInPlace);
  const bound = kernel.bind({ weight: qkNorm, y: qkv });
  const queries = config.numHeads * config.headDim;
  const keys = config.numKvHeads * config.headDim;
  const shared = { stride: qkvWidth(config), epsilon: config.normEpsilon };
  return (recorder, { firstRow, numRows: rows }) => {
    for (const [offset, width] of [
      [0, queries],
      [queries, keys],
    ] as const) {
      const params = { ...shared, rows, width, offset, firstRow, firstWeight: offset };
      recorder.dispatch(bound, params, flatGrid(rows));
    }
  };
}
