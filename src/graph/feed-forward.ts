/** What the feed-forward parts of layers that are not the usual ones share. */
import type { GpuBuffer } from '../gpu/buffer';
import type { Recorder } from '../gpu/recorder';
import type { Matrix } from '../weights/weights';
import type { MatmulOperands } from './linear-context';

/** Rows that a feed-forward part is recorded for: where they begin in the stream, and how many they are. */
interface Rows {
  readonly firstRow: number;
  readonly numRows: number;
}

/** Records what was bound for these rows. */
export type RowsOperation = (recorder: Recorder, rows: Rows) => void;

/** Binds a product whose input begins at row 0, and whose output does unless it is added to the stream. */
export type BindProduct = (matrix: Matrix, operands: MatmulOperands) => Promise<RowsOperation>;

/** The buffers of a feed-forward part. */
export interface FeedForwardBuffers {
  /** What it reads: normed rows. */
  readonly x: GpuBuffer;
  readonly z: GpuBuffer;
  readonly inner: GpuBuffer;
  /** The stream, to which it adds. */
  readonly y: GpuBuffer;
}
