/** The tensors of matrices that MLX has quantised, held against the plan. Pure. */
import type { Quantization } from '../config/quantization';
import { quote } from '../util/config-fields';
import { groupsOf, partColumns, type MlxPart } from './mlx-groups';
import { corrupt, isFloatType, type TensorHeader } from './safetensors';
import { planName, type PlannedTensor, type TensorPlan } from './tensor-plan';

/** What such tensors are held against. */
interface MlxPlan {
  readonly plan: TensorPlan;
  /** Planned names of earlier tensors; those that are found are added. */
  readonly seen: Set<string>;
  readonly quantization: Quantization;
}

/** Finds them, for `matchTensor`. */
export function mlxMatcher(plan: MlxPlan): (header: TensorHeader, file: string) => PlannedTensor | undefined {
  return (header, file) => matchPart(plan, header, file);
}

/**
 * A part of a matrix that MLX has quantised; undefined for every other tensor.
 * @throws EngineError `weights-corrupt` for a part of the wrong shape or element type, or one that comes twice
 */
function matchPart(
  { plan, seen, quantization }: MlxPlan,
  header: TensorHeader,
  file: string,
): PlannedTensor | undefined {
  const [, module, role] = /^(.*)\.(weight|scales|biases)$/.exec(header.name) ?? [];
  const placement = module === undefined ? undefined : plan.get(`${planName(module)}.weight`);
  if (module === undefined || placement?.target.kind !== 'matrix') return undefined;
  if (role === 'weight' && header.elementType !== 'U32') return undefined;
  const groups = groupsOf(quantization, module);
  if (groups === false) return undefined;
  const [numRows, numColumns] = placement.shape as [number, number];
  const mlx: MlxPart = { ...groups, role: role as MlxPart['role'], numColumns };
  const planned = planName(header.name);
  if (seen.has(planned)) throw corrupt(file, `it has the tensor '${planned}' twice`);
  seen.add(planned);
  const shape = [numRows, partColumns(mlx)];
  if (header.shape.length !== 2 || header.shape.some((size, i) => size !== shape[i])) {
    throw corrupt(
      file,
      `tensor '${header.name}' has the shape ${quote(header.shape)}, ${groups.bits} bits in groups of ${groups.groupSize} need ${quote(shape)}`,
    );
  }
  if (role !== 'weight' && !isFloatType(header.elementType))
    throw corrupt(file, `tensor '${header.name}' has the dtype ${header.elementType}`);
  return { header, placement, mlx };
}
