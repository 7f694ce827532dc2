/** Soft caps of logits, where a model has them. */
import { softCap, softCapGrid } from '../kernels/linear/soft-cap';
import type { GraphContext } from './graph-context';
import type { Operation } from './linear-context';

/** Records the head's product, and caps the logits of all rows. */
export async function bindSoftCap(
  { compiler, activations, config }: GraphContext,
  rows: number,
  cap: number,
  multiply: Operation,
): Promise<Operation> {
  const kernel = await compiler.compile(softCap);
  const bound = kernel.bind({ y: activations.logits });
  const count = rows * config.vocabSize;
  return (recorder) => {
    multiply(recorder);
    recorder.dispatch(bound, { count, cap }, softCapGrid(count));
  };
}
