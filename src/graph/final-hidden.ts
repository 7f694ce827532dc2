/** The last hidden states of a prompt's tokens, after the last norm, read back: a part on demand, with embeddings. */
import { flatGrid } from '../gpu/recorder';
import { rmsNorm } from '../kernels/norm/rms-norm';
import type { GraphContext } from './graph-context';
import type { HiddenReader } from './prefill-graph';

/** What takes rows `[.., hiddenSize]`, in order, f32. */
export type TakeRows = (rows: Float32Array) => void;

/**
 * Compiles and binds what reads them.
 * @param isWhole whether every token's state is wanted, else the last one's
 */
export async function readFinalHidden(
  { compiler, config, weights, activations, host }: GraphContext,
  isWhole: boolean,
  take: TakeRows,
): Promise<HiddenReader> {
  const { segmentHidden, chunkNormed } = activations;
  const kernel = await compiler.compile(rmsNorm);
  const norm = kernel.bind({ x: segmentHidden, weight: weights.finalNorm, y: chunkNormed });
  const { hiddenSize: width, normEpsilon: epsilon } = config;
  const rowBytes = 4 * width;
  const { offloader } = host;
  const mostRows = Math.floor(chunkNormed.sizeBytes / rowBytes);
  return {
    isWhole,
    *read(recorder, { start, end, isLast }) {
      const numRows = end - start;
      const first = isWhole ? 0 : isLast ? numRows - 1 : numRows;
      for (let inputRow = first; inputRow < numRows; inputRow += mostRows) {
        const rows = Math.min(mostRows, numRows - inputRow);
        recorder.dispatch(norm, { rows, width, epsilon, inputRow, outputRow: 0 }, flatGrid(rows));
        // No other prefill begins before the segment's end, so the rows stay where they are.
        yield async () => {
          const bytes = new Uint8Array(rows * rowBytes);
          for (let at = 0; at < bytes.length; at += offloader.slotBytes) {
            const sizeBytes = Math.min(bytes.length - at, offloader.slotBytes);
            const part = { source: chunkNormed, offsetBytes: at, sizeBytes };
            bytes.set(await offloader.readBack(recorder, [part]), at);
          }
          take(new Float32Array(bytes.buffer));
        };
      }
    },
  };
}
