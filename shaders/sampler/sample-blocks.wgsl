// blocks[row, b] = the first token in the order of [256 b, 256 (b + 1)), after sample-common and best-token
//
// Grid: one workgroup a block: grid (blocks, rows). Nothing but `blocks` is written.

const threads = 64u;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.y;
  let source = adjustedSource(row, rows[row].x);
  let first = group.x * blockTokens;
  let end = min(first + blockTokens, params.vocabSize);
  let best = reduceBest(thread, bestOfShare(source, first, end, thread));
  if (thread == 0u) {
    blocks[source.firstBlock + group.x] = vec2(bitcast<u32>(best.score), best.token);
  }
}
