/** Rows of the embedding matrix for the tokens of a batch. */
import shader from '../../../shaders/linear/embed.wgsl';
import type { Grid, KernelSpec } from '../../gpu/kernel';
import { ceilDiv } from '../../util/math';
import type { MatrixFormat } from './matrix-format';
import { weightBindings, weightSources } from './weight-sources';

/** Marks a list entry of `embed` as a sequence whose latest sampled token is meant, not as a token id. */
export const latestTokenFlag = 0x80000000;

/** Storage bindings of the embedding kernel. */
type EmbedBinding = 'values' | 'tokens' | 'hidden';
/** Parameters of the embedding kernel. */
type EmbedParam = 'columns' | 'firstRow' | 'numRows' | 'scale';

/**
 * `hidden[r] = scale · W[token]` for every entry r of the list: a token id, or `latestTokenFlag | sequence` for
 * `tokens[sequence]`. The slab holds matrix rows [firstRow, firstRow + numRows); rows of `hidden [rows, columns]` whose token
 * lies elsewhere stay as they are. `scales` is bound only for affine groups.
 */
export function embed(format: MatrixFormat): KernelSpec<EmbedBinding, EmbedParam, never> {
  return {
    name: `linear/embed:${format}`,
    bindings: weightBindings(format, { tokens: 'read', hidden: 'read_write' }),
    params: { columns: 'u32', firstRow: 'u32', numRows: 'u32', scale: 'f32' },
    hasList: true,
    variants: [{ name: 'portable', sources: [...weightSources(format, 3), shader] }],
  };
}

/** The grid of `embed` for a list of `numTokens` entries. */
export function embedGrid(columns: number, numTokens: number): Grid {
  return [ceilDiv(columns, 64), numTokens];
}
