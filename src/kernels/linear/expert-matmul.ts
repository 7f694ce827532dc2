/** Products of rows with the matrices of the experts that they go to. */
import naive from '../../../shaders/linear/expert-matmul-naive.wgsl';
import portable from '../../../shaders/linear/expert-matmul.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { ceilDiv } from '../../util/math';
import type { MatrixFormat } from './matrix-format';
import { weightBindings, weightSources } from './weight-sources';

/**
 * `y[p, n] = W[e(p) · rowsPerExpert + n] · x[p / divisor]` for the `numPairs` pairs of `routeExperts`: `x [numPairs / divisor, columns]`,
 * `y [numPairs, rowsPerExpert]`. A slab has the rows `[firstRow, firstRow + numRows)` of W, wherever experts begin; those of y that
 * come from another slab stay as they are. Experts without pairs are not read.
 */
export function expertMatmul(format: MatrixFormat) {
  const weights = weightSources(format, 4);
  return {
    name: `linear/expert-matmul:${format}`,
    bindings: weightBindings(format, { x: 'read', routes: 'read', y: 'read_write' }),
    params: {
      columns: 'u32',
      rowsPerExpert: 'u32',
      firstRow: 'u32',
      numRows: 'u32',
      numPairs: 'u32',
      divisor: 'u32',
    },
    variants: [
      { name: 'portable', sources: [...weights, portable] },
      { name: 'naive', sources: [...weights, naive] },
    ],
  } as const satisfies KernelSpec;
}

/** The grid of `expertMatmul`. */
export function expertMatmulGrid(rowsPerExpert: number, numExperts: number): Grid {
  return [ceilDiv(rowsPerExpert, 4), numExperts];
}
