/** Which experts of a feed-forward part each row goes to, and which rows each expert has. */
import shader from '../../../shaders/linear/route-experts.wgsl';
import type { KernelSpec } from '../../gpu/kernel';

/**
 * For `logits [rows, numExperts]`: each row's `perToken` likeliest experts, whose shares of the softmax sum to 1 if `isNormalized`.
 * Pair `r · perToken + s` is row r with the s-th of them. `routes [2 · pairs + numExperts + 1]` has the expert of each pair, the
 * pairs by expert, and where in that list each expert's begin and the last one's end; `shares [pairs]`. Grid: `[1]`.
 */
export const routeExperts = {
  name: 'linear/route-experts',
  bindings: { logits: 'read', routes: 'read_write', shares: 'read_write' },
  params: { rows: 'u32', numExperts: 'u32', perToken: 'u32', isNormalized: 'u32' },
  variants: [{ name: 'portable', sources: [shader] }],
} satisfies KernelSpec;
