/** Of what parts MLX's quantised matrices are. Pure. */
import type { GroupQuantization, Quantization } from '../config/quantization';

/** A part of a quantised matrix: integers, or one of the two numbers of each group. */
export type MlxRole = 'weight' | 'scales' | 'biases';

/** What a tensor of a quantised matrix is. */
export interface MlxPart extends GroupQuantization {
  readonly role: MlxRole;
  /** Columns of the matrix. */
  readonly numColumns: number;
}

/** The quantisation of a module such as `model.layers.0.mlp.down_proj`, by its name in the file. */
export function groupsOf(quantization: Quantization, module: string): GroupQuantization | false {
  return quantization.overrides[module] ?? quantization;
}

/** Columns of a part's tensor, in its own elements. */
export function partColumns({ role, numColumns, bits, groupSize }: MlxPart): number {
  return role === 'weight' ? (numColumns * bits) / 32 : numColumns / groupSize;
}
