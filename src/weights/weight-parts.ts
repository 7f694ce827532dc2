/** Names of the parts of a model's weights. */
import type { LayerWeights, Matrix, ModelWeights } from './weights';

type MatrixKeys<T> = { [K in keyof T]-?: T[K] extends Matrix | undefined ? K : never }[keyof T];

/** Matrices of a layer. */
export type LayerMatrix = MatrixKeys<LayerWeights>;
/** Vectors of a layer. */
export type LayerVector = Exclude<keyof LayerWeights, LayerMatrix>;
/** Matrices outside the layers. */
export type ModelMatrix = MatrixKeys<ModelWeights>;
