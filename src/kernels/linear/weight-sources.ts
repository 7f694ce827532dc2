/** The WGSL modules that give a linear kernel its matrix in one format; which kernel it is does not matter here. */
import scalesAt3 from '../../../shaders/lib/scales-at-3.wgsl';
import scalesAt4 from '../../../shaders/lib/scales-at-4.wgsl';
import scalesAt5 from '../../../shaders/lib/scales-at-5.wgsl';
import weightsF16 from '../../../shaders/lib/weights-f16.wgsl';
import weightsF32 from '../../../shaders/lib/weights-f32.wgsl';
import weightsQ4 from '../../../shaders/lib/weights-q4.wgsl';
import weightsQ8 from '../../../shaders/lib/weights-q8.wgsl';
import type { BindingAccess } from '../../gpu/kernel';
import { hasScales, type WeightFormat } from './weight-format';

const weights: Readonly<Record<WeightFormat, string>> = {
  f32: weightsF32,
  f16: weightsF16,
  q8: weightsQ8,
  q4: weightsQ4,
};
const scales = { 3: scalesAt3, 4: scalesAt4, 5: scalesAt5 } as const;

/** The modules to put before a kernel that binds `numBuffers` buffers, `values` among them, before its scales. */
export function weightSources(format: WeightFormat, numBuffers: keyof typeof scales): string[] {
  return hasScales(format) ? [weights[format], scales[numBuffers]] : [weights[format]];
}

/**
 * The kernel's bindings: `values`, its own, and `scales` last where the format has them. The type leaves `scales` out:
 * whoever binds a matrix gives it exactly when the matrix has it, and `bind` fails where it is missing.
 */
export function weightBindings<B extends string>(
  format: WeightFormat,
  own: Readonly<Record<B, BindingAccess>>,
): Readonly<Record<B | 'values', BindingAccess>> {
  const bindings = { values: 'read', ...own, ...(hasScales(format) && { scales: 'read' }) };
  return bindings as Record<B | 'values', BindingAccess>;
}
