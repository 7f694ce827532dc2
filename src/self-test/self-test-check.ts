/** What the self-test runs: tiny computations as data, with what they must give. No GPU. */
import type { Grid, KernelSpec } from '../gpu/kernel';
import type { KvFormat } from '../kernels/attention/kv-format';
import type { MatvecTuning } from '../kernels/linear/matvec';
import type { MatrixFormat } from '../kernels/linear/weight-format';

/** Content of a buffer. */
type CheckData =
  | Float32Array<ArrayBuffer>
  | Uint32Array<ArrayBuffer>
  | Uint16Array<ArrayBuffer>
  | Uint8Array<ArrayBuffer>;

/** One dispatch of a check. */
export interface CheckStep {
  readonly spec: KernelSpec;
  readonly constants: Readonly<Record<string, number>>;
  readonly params: Readonly<Record<string, number>>;
  readonly grid: Grid;
  readonly list?: Uint32Array;
}

/** Dispatches over buffers named as the kernels' bindings, one array under two names being one buffer, and what the buffer `result` must then hold. */
export interface SelfTestCheck {
  readonly steps: readonly CheckStep[];
  readonly buffers: Readonly<Record<string, CheckData>>;
  readonly result: string;
  readonly expected: Float32Array | Uint32Array;
}

/** The kernels that a model will use: those are tested, with the constants of most of their uses, and stay compiled. */
export interface SelfTestShape {
  readonly weights: readonly MatrixFormat[];
  /** Whether rows are multiplied in 8 bits. */
  readonly isInt8?: boolean;
  readonly kv: KvFormat;
  readonly headDim: number;
  /** Query heads of a KV head. */
  readonly group: number;
  /** Whether heads select pages. */
  readonly isSelecting: boolean;
  /** Whether one kernel may do that. */
  readonly isFused?: boolean;
  /** Of matvec, in some of its uses, by the format; what its shader has by itself if not given. */
  readonly tunings?: (format: MatrixFormat) => readonly MatvecTuning[];
}

/** Multiples of 1/8 in [-1, 1), exact in f16, in no order that a wrong index would keep. */
export function wave(length: number, step: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length }, (_, i) => ((i * step + ((i * i) >> 4)) % 16) / 8 - 1);
}
