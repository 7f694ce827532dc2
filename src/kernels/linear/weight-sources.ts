/** The WGSL modules that give a linear kernel its matrix in one format; which kernel it is does not matter here. */
import affineBf16 from '../../../shaders/lib/affine-bf16.wgsl';
import affineF16 from '../../../shaders/lib/affine-f16.wgsl';
import affineF32 from '../../../shaders/lib/affine-f32.wgsl';
import affineK16 from '../../../shaders/lib/affine-k16.wgsl';
import affineK16Min from '../../../shaders/lib/affine-k16-min.wgsl';
import affineK32 from '../../../shaders/lib/affine-k32.wgsl';
import group128 from '../../../shaders/lib/group-128.wgsl';
import group16 from '../../../shaders/lib/group-16.wgsl';
import group32 from '../../../shaders/lib/group-32.wgsl';
import group64 from '../../../shaders/lib/group-64.wgsl';
import scalesAt3 from '../../../shaders/lib/scales-at-3.wgsl';
import scalesAt4 from '../../../shaders/lib/scales-at-4.wgsl';
import scalesAt5 from '../../../shaders/lib/scales-at-5.wgsl';
import weightsF16 from '../../../shaders/lib/weights-f16.wgsl';
import weightsF32 from '../../../shaders/lib/weights-f32.wgsl';
import weightsQ4 from '../../../shaders/lib/weights-q4.wgsl';
import weightsQ8 from '../../../shaders/lib/weights-q8.wgsl';
import type { BindingAccess } from '../../gpu/kernel';
import { formatTraits, hasScales, type MatrixFormat, type ScaleKind } from './matrix-format';

const floats = { 32: [weightsF32], 16: [weightsF16] };
const integers = { 8: weightsQ8, 4: weightsQ4 };
const affines: Readonly<Record<ScaleKind, string>> = {
  f16: affineF16,
  bf16: affineBf16,
  f32: affineF32,
  k32: affineK32,
  k16: affineK16,
  'k16-min': affineK16Min,
};
const groups = { 16: group16, 32: group32, 64: group64, 128: group128 };
const scalesAt = { 3: scalesAt3, 4: scalesAt4, 5: scalesAt5 } as const;

/** The modules to put before a kernel that binds `numBuffers` buffers, `values` among them, before its scales. */
export function weightSources(format: MatrixFormat, numBuffers: keyof typeof scalesAt): string[] {
  const { bits, scales, group } = formatTraits[format];
  if (bits > 8) return floats[bits as keyof typeof floats];
  const size = scales!.startsWith('k') ? [] : [groups[group as keyof typeof groups]];
  return [integers[bits as keyof typeof integers], affines[scales!], ...size, scalesAt[numBuffers]];
}

/**
 * The kernel's bindings: `values`, its own, and `scales` last where the format has them. The type leaves `scales` out:
 * whoever binds a matrix gives it exactly when the matrix has it, and `bind` fails where it is missing.
 */
export function weightBindings<B extends string>(
  format: MatrixFormat,
  own: Readonly<Record<B, BindingAccess>>,
): Readonly<Record<B | 'values', BindingAccess>> {
  const bindings = { values: 'read', ...own, ...(hasScales(format) && { scales: 'read' }) };
  return bindings;
}
