/** Which format each matrix of a model has on the GPU, by what its files hold. Pure. */
import type { MatrixFormat, WeightFormat } from '../kernels/linear/weight-format';
import { hasScales } from '../kernels/linear/weight-format';
import type { RowRun, TensorPlan } from './tensor-plan';
import type { LayerMatrix, ModelMatrix } from './weight-parts';

/** Rows of a matrix, one after the other, that have one format. */
export interface FormatRun {
  readonly numRows: number;
  readonly format: MatrixFormat;
}

/** The formats of a model's matrices. */
export interface MatrixFormats {
  /** For fingerprints: other formats, another name. */
  readonly name: string;
  /** Whether they are those of the files. */
  readonly isOfFiles: boolean;
  /** Every format that is used, once. */
  readonly all: readonly MatrixFormat[];
  /** The runs of a matrix of `numRows` rows, in order, which they cover; `layerIndex` is undefined outside the layers. */
  runsOf(
    part: LayerMatrix | ModelMatrix,
    layerIndex: number | undefined,
    numRows: number,
  ): readonly FormatRun[];
}

/** The same format for all matrices. */
export function uniformFormats(format: WeightFormat): MatrixFormats {
  return {
    name: format,
    isOfFiles: false,
    all: [format],
    // Which experts are chosen should not hang on rounding.
    runsOf: (part, _layerIndex, numRows) => [
      { numRows, format: part === 'router' && hasScales(format) ? 'f16' : format },
    ],
  };
}

/** Formats as given: the one for all, or each its own. */
export function formatsOf(given: WeightFormat | MatrixFormats): MatrixFormats {
  return typeof given === 'string' ? uniformFormats(given) : given;
}

/**
 * Formats by the tensors of a model's files: each row in its file's own, where rows of several tensors alternate in one that holds
 * them all.
 * @param formatOfTensor the format in which a planned tensor lies in its file; undefined for one that is missing
 */
export function fileFormats(
  plan: TensorPlan,
  formatOfTensor: (name: string) => MatrixFormat | undefined,
): MatrixFormats {
  const parts = new Map<string, { readonly runs: (RowRun & { readonly format: MatrixFormat })[] }>();
  for (const placement of plan.values()) {
    if (placement.target.kind !== 'matrix') continue;
    const format = formatOfTensor(placement.name) ?? 'f16';
    const key = keyOf(placement.target.part, placement.target.layerIndex);
    const part = parts.get(key) ?? { runs: [] };
    parts.set(key, part);
    part.runs.push(...placement.runs.map((run) => ({ ...run, format })));
  }
  const merged = new Map([...parts].map(([key, { runs }]) => [key, mergeRuns(runs)]));
  const all = [...new Set([...merged.values()].flatMap((runs) => runs.map(({ format }) => format)))];
  return {
    name: `file:${[...all].sort().join('+')}`,
    isOfFiles: true,
    all,
    runsOf: (part, layerIndex, numRows) =>
      merged.get(keyOf(part, layerIndex)) ?? [{ numRows, format: 'f16' }],
  };
}

const keyOf = (part: string, layerIndex: number | undefined) => `${layerIndex ?? ''} ${part}`;

function mergeRuns(runs: readonly (RowRun & { readonly format: MatrixFormat })[]): FormatRun[] {
  if (runs.some(({ rowStep }) => rowStep > 1)) {
    const numRows = runs.reduce((total, run) => total + run.numRows, 0);
    return [{ numRows, format: runs.map(({ format }) => format).reduce(commonFormat) }];
  }
  const merged: { numRows: number; format: MatrixFormat }[] = [];
  for (const { numRows, format } of [...runs].sort((a, b) => a.firstTargetRow - b.firstTargetRow)) {
    const last = merged.at(-1);
    if (last?.format === format) last.numRows += numRows;
    else merged.push({ numRows, format });
  }
  return merged;
}

/** A format that holds rows of both as they are. */
function commonFormat(a: MatrixFormat, b: MatrixFormat): MatrixFormat {
  if (a === b) return a;
  return hasScales(a) && hasScales(b) ? 'q8-f32-16' : 'f32';
}
