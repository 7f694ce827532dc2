/** Puts MLX's matrices together while they stream: their integers, scales and biases are three tensors, in any order. */
import { decodeRows, hasScales, type MatrixFormat } from '../kernels/linear/weight-format';
import { partColumns, type MlxPart, type MlxRole } from './mlx-groups';
import { mlxFormat, mlxScales, mlxValues } from './mlx-rows';
import { corrupt, isFloatType } from './safetensors';
import type { ShardReader } from './shard-reader';
import type { PlannedTensor, RowRun, TensorPlacement } from './tensor-plan';
import type { WeightSink } from './weight-sink';
import { maxPieceBytes } from './weight-uploader';

/** What has come of a matrix whose other parts are still to come. */
interface Pending {
  readonly placement: TensorPlacement;
  readonly parts: Map<
    MlxRole,
    { readonly bytes: Uint8Array<ArrayBuffer>; readonly type: string; readonly part: MlxPart }
  >;
}

/** Used by one load. Holds scales and biases until both are there; where matrices are converted, their integers too. */
export class MlxStream {
  readonly #pending = new Map<string, Pending>();
  readonly #isConverting: boolean;

  /** @param isConverting whether matrices get another format than their files' */
  constructor(isConverting: boolean) {
    this.#isConverting = isConverting;
  }

  /** Reads a tensor that `matchTensor` calls a part of a quantised matrix. @throws as the reader and the sink do */
  async take(
    reader: ShardReader,
    {
      header,
      placement,
      mlx,
    }: PlannedTensor & { readonly mlx: MlxPart; readonly placement: TensorPlacement },
    sink: WeightSink,
  ): Promise<void> {
    if (mlx.role === 'weight' && !this.#isConverting) {
      await this.#takeIntegers(reader, placement, mlx, sink);
      return;
    }
    const bytes = new Uint8Array(header.sizeBytes);
    await reader.read(bytes);
    const pending = this.#pending.get(placement.name) ?? { placement, parts: new Map() };
    this.#pending.set(placement.name, pending);
    pending.parts.set(mlx.role, { bytes, type: header.elementType, part: mlx });
    if (pending.parts.size < (this.#isConverting ? 3 : 2)) return;
    this.#pending.delete(placement.name);
    await this.#finish(reader, pending, sink);
  }

  /** @throws EngineError `weights-corrupt` when a part of a matrix is missing */
  requireWhole(file: string): void {
    for (const [name, { parts }] of this.#pending) {
      const missing = (['weight', 'scales', 'biases'] as const).find(
        (role) => !parts.has(role) && (role !== 'weight' || this.#isConverting),
      );
      throw corrupt(file, `the ${missing ?? 'parts'} of the quantised tensor '${name}' are missing`);
    }
  }

  async #takeIntegers(
    reader: ShardReader,
    placement: TensorPlacement,
    { bits, numColumns }: MlxPart,
    sink: WeightSink,
  ): Promise<void> {
    for (const run of piecesOf(placement, numColumns)) {
      const packed = new Uint8Array((run.numRows * numColumns * bits) / 8);
      await reader.read(packed);
      const format = sink.formatOf(placement.target, run);
      if (!hasScales(format)) throw corrupt(reader.name, `the scales of '${placement.name}' are missing`);
      sink.writeEncoded(placement.target, run, {
        values: mlxValues(packed, bits, format, numColumns),
      });
      await sink.breathe();
    }
  }

  async #finish(reader: ShardReader, { placement, parts }: Pending, sink: WeightSink): Promise<void> {
    const [scales, biases] = [parts.get('scales')!, parts.get('biases')!];
    const weight = parts.get('weight');
    const { part } = scales;
    const { numColumns } = part;
    const { type } = scales;
    if (!isFloatType(type) || biases.type !== type)
      throw corrupt(reader.name, `scales and biases of '${placement.name}' are ${type} and ${biases.type}`);
    let row = 0;
    for (const run of piecesOf(placement, numColumns)) {
      const rowsOf = (bytes: Uint8Array<ArrayBuffer>, rowBytes: number) =>
        bytes.slice(row * rowBytes, (row + run.numRows) * rowBytes);
      const groupBytes = partColumns(part) * (type === 'F32' ? 4 : 2);
      const encode = (format: MatrixFormat) => {
        const encoded = mlxScales(
          type,
          { scales: rowsOf(scales.bytes, groupBytes), biases: rowsOf(biases.bytes, groupBytes) },
          part,
          format,
        );
        if (encoded) return encoded;
        throw corrupt(reader.name, `tensor '${placement.name}' has scales that are infinite or no numbers`);
      };
      if (weight) {
        const format = mlxFormat(part, type);
        const packed = rowsOf(weight.bytes, (numColumns * part.bits) / 8);
        const values = mlxValues(packed, part.bits, format, numColumns);
        const floats = decodeRows(format, { values, scales: encode(format) }, run.numRows, numColumns);
        sink.write(placement.target, run, numColumns, 'F32', new Uint8Array(floats.buffer));
      } else {
        const format = sink.formatOf(placement.target, run);
        sink.writeEncoded(placement.target, run, { scales: encode(format) });
      }
      row += run.numRows;
      await sink.breathe();
    }
  }
}

/** The rows of a tensor in pieces that fit as f32. */
function* piecesOf({ runs }: TensorPlacement, numColumns: number): Generator<RowRun> {
  const rowsPerPiece = Math.max(1, Math.floor(maxPieceBytes / (4 * numColumns)));
  for (const { numRows, firstTargetRow, rowStep } of runs) {
    for (let done = 0; done < numRows; done += rowsPerPiece) {
      yield {
        numRows: Math.min(rowsPerPiece, numRows - done),
        firstTargetRow: firstTargetRow + done * rowStep,
        rowStep,
      };
    }
  }
}
