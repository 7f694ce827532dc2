/** What products of a model's matrices share, and what they are told. */
import type { ModelConfig } from '../config/model-config';
import type { GpuBuffer } from '../gpu/buffer';
import type { KernelCompiler } from '../gpu/kernel';
import type { Recorder } from '../gpu/recorder';

/** Records dispatches that were bound beforehand. */
export type Operation = (recorder: Recorder) => void;

/** What every linear operation of a model shares. */
export interface LinearContext {
  readonly compiler: KernelCompiler;
  readonly config: ModelConfig;
  /** Bound where a kernel has a binding that this use of it does not read. */
  readonly unused: GpuBuffer;
  /** Where rows are put in 8 bits, if products are to be of integers. */
  readonly quantized?: { readonly codes: GpuBuffer; readonly inputScales: GpuBuffer } | undefined;
}

/** Operands of one product of decode rows. */
export interface MatvecOperands {
  readonly x: GpuBuffer;
  readonly y: GpuBuffer;
  /** Width of one row of y. */
  readonly outputStride: number;
  /** RMS-norms x first. */
  readonly normWeight?: GpuBuffer;
  readonly bias?: GpuBuffer | undefined;
  /** Adds to y instead of setting it. */
  readonly isResidual?: boolean;
  /** Whether it stays in floats where other products are of integers. */
  readonly isInFloats?: boolean;
  /** Rows of the batch: 1, 2, 4 or 8. */
  readonly rows: number;
}

/** Rows of a segment-wide or chunk-wide buffer: where they begin on either side. */
export interface MatmulRows {
  readonly numRows: number;
  readonly firstInputRow: number;
  readonly firstOutputRow: number;
}

/** Operands of one product of prefill rows. */
export type MatmulOperands = Omit<MatvecOperands, 'rows' | 'normWeight' | 'isInFloats'>;

/** Records a product for rows that are given at recording. */
export type MatmulOperation = (recorder: Recorder, rows: MatmulRows) => void;
