/** A feed-forward part of experts: a router chooses some for each row, and only those are read. */
import type { Recorder } from '../gpu/recorder';
import { addExperts, addExpertsGrid } from '../kernels/linear/add-experts';
import { expertMatmul, expertMatmulGrid } from '../kernels/linear/expert-matmul';
import { routeExperts } from '../kernels/linear/route-experts';
import type { GpuBuffer } from '../gpu/buffer';
import type { LayerWeights, Matrix } from '../weights/weights';
import type { GraphContext } from './graph-context';
import type { BindProduct, FeedForwardBuffers, RowsOperation } from './feed-forward';

/**
 * Binds a layer's: `inner` has the router's logits first and then what goes into the last product, `z` what comes from the first products
 * and then what each expert gives.
 * `activate` takes `z` to `inner`, all of a row's experts as one
 */
export async function bindExperts(
  context: GraphContext,
  layer: LayerWeights,
  product: BindProduct,
  { x, z, inner, y, activate }: FeedForwardBuffers & { readonly activate: RowsOperation },
): Promise<RowsOperation> {
  const { compiler, config, activations } = context;
  const { routes, shares } = activations;
  const { hiddenSize, experts } = config;
  const { count, perToken, intermediateSize, isNormalized } = experts!;
  const [choose, routeKernel, addKernel, gateUp, down] = await Promise.all([
    product(layer.router!, { x, y: inner, outputStride: count }),
    compiler.compile(routeExperts),
    compiler.compile(addExperts),
    bindExpertProduct(context, layer.gateUp, {
      x,
      y: z,
      rowsPerExpert: 2 * intermediateSize,
      divisor: perToken,
    }),
    bindExpertProduct(context, layer.down, { x: inner, y: z, rowsPerExpert: hiddenSize, divisor: 1 }),
  ]);
  const route = routeKernel.bind({ logits: inner, routes, shares });
  const add = addKernel.bind({ z, shares, y });
  const sizes = { numExperts: count, perToken, isNormalized: Number(isNormalized) };
  return (recorder, rows) => {
    const { firstRow, numRows } = rows;
    choose(recorder, rows);
    recorder.dispatch(route, { ...sizes, rows: numRows }, [1]);
    gateUp(recorder, numRows);
    activate(recorder, rows);
    down(recorder, numRows);
    const params = { rows: numRows, width: hiddenSize, perToken, outputRow: firstRow };
    recorder.dispatch(add, params, addExpertsGrid(numRows, hiddenSize));
  };
}

async function bindExpertProduct(
  { compiler, config, activations }: GraphContext,
  matrix: Matrix,
  operands: {
    readonly x: GpuBuffer;
    readonly y: GpuBuffer;
    readonly rowsPerExpert: number;
    readonly divisor: number;
  },
): Promise<(recorder: Recorder, numRows: number) => void> {
  const { x, y, rowsPerExpert, divisor } = operands;
  const { count, perToken } = config.experts!;
  const { routes } = activations;
  const grid = expertMatmulGrid(rowsPerExpert, count);
  const slabs = await Promise.all(
    matrix.slabs.map(async ({ format, values, scales, firstRow, numRows }) => ({
      bound: (await compiler.compile(expertMatmul(format))).bind({ values, scales, x, routes, y } as never),
      params: { columns: matrix.numColumns, rowsPerExpert, firstRow, numRows, divisor },
    })),
  );
  return (recorder, numRows) => {
    for (const { bound, params } of slabs)
      recorder.dispatch(bound, { ...params, numPairs: numRows * perToken }, grid);
  };
}
