/**
 * What formats of a matrix on the GPU there are, as data: those that weights are converted to, and those in which quantised files
 * bring them, so that nothing is rounded twice. Layouts are those of shaders/README.md.
 */
import { ceilDiv, roundUp } from '../../util/math';

/** Formats that weights can be converted to: `q8` and `q4` are unsigned affine groups of 32 columns, `w = scale * q + bias`. */
export type WeightFormat = 'f32' | 'f16' | 'q8' | 'q4';

/**
 * How a matrix, or a run of its rows, lies on the GPU: the bits of a value, then how scales lie. `f16`, `bf16`, `f32`: pairs
 * (scale, bias) of that type, each for as many columns as the number says; `k32`, `k16`, `k16-min`: GGML's scales of two levels.
 * `q8` and `q4` alone are those of f16 pairs for 32 columns.
 */
export type MatrixFormat =
  | WeightFormat
  | `q${4 | 8}-f16-${64 | 128}`
  | `q${4 | 8}-bf16-${32 | 64 | 128}`
  | `q${4 | 8}-k32`
  | 'q8-k16'
  | 'q8-k16-min'
  | 'q8-f32-16';

/** How the scales of affine groups lie. */
export type ScaleKind = 'f16' | 'bf16' | 'f32' | 'k32' | 'k16' | 'k16-min';

/** What a format is made of. */
interface FormatTraits {
  /** Of one value. */
  readonly bits: 32 | 16 | 8 | 4;
  /** Undefined for floating-point formats. */
  readonly scales?: ScaleKind;
  /** Columns that share a scale and a bias; 1 where there are none. */
  readonly group: 1 | 16 | 32 | 64 | 128;
}

/** Columns of a run with scales of two levels. */
export const superGroup = 256;
/** Words of the scales of such a run. */
export const superWords = 5;

const affine = (bits: 8 | 4, scales: ScaleKind, group: FormatTraits['group']): FormatTraits => ({
  bits,
  scales,
  group,
});

/** Every format. */
export const formatTraits: Readonly<Record<MatrixFormat, FormatTraits>> = {
  f32: { bits: 32, group: 1 },
  f16: { bits: 16, group: 1 },
  q8: affine(8, 'f16', 32),
  q4: affine(4, 'f16', 32),
  'q8-f16-64': affine(8, 'f16', 64),
  'q8-f16-128': affine(8, 'f16', 128),
  'q4-f16-64': affine(4, 'f16', 64),
  'q4-f16-128': affine(4, 'f16', 128),
  'q8-bf16-32': affine(8, 'bf16', 32),
  'q8-bf16-64': affine(8, 'bf16', 64),
  'q8-bf16-128': affine(8, 'bf16', 128),
  'q4-bf16-32': affine(4, 'bf16', 32),
  'q4-bf16-64': affine(4, 'bf16', 64),
  'q4-bf16-128': affine(4, 'bf16', 128),
  'q8-k32': affine(8, 'k32', 32),
  'q4-k32': affine(4, 'k32', 32),
  'q8-k16': affine(8, 'k16', 16),
  'q8-k16-min': affine(8, 'k16-min', 16),
  'q8-f32-16': affine(8, 'f32', 16),
};

/** Bytes of one matrix row in its two buffers; `scaleBytesPerRow` is 0 for formats without scales. */
export interface MatrixLayout {
  readonly valueBytesPerRow: number;
  readonly scaleBytesPerRow: number;
}

/** Whether matrices of this format have a buffer of scales. */
export function hasScales(format: MatrixFormat): boolean {
  return formatTraits[format].scales !== undefined;
}

/** Row sizes of a matrix with `columns` columns. */
export function matrixLayout(format: MatrixFormat, columns: number): MatrixLayout {
  const { bits, scales, group } = formatTraits[format];
  if (!scales) return { valueBytesPerRow: roundUp((columns * bits) / 8, 16), scaleBytesPerRow: 0 };
  const numGroups = ceilDiv(columns, group);
  const scaleWords = scales.startsWith('k')
    ? superWords * ceilDiv(columns, superGroup)
    : scales === 'f32'
      ? 2 * numGroups
      : numGroups;
  return { valueBytesPerRow: (roundUp(columns, 32) * bits) / 8, scaleBytesPerRow: 4 * scaleWords };
}
