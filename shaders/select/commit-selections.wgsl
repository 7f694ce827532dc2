// What was selected is attended from now on, lists[0] = lists[1] with their states, for all heads of some layers of one
// sequence: the flip after a rerank or a prefill.
//
// Grid: x: KV heads of the layers from firstLayer on. 64 threads copy a list.
//   lists      [targets, layers, sequences, kvHeads, budget] u32; a target has numLists
//   listState  [targets, layers, sequences, kvHeads] vec2<u32>: (count, numPages)

struct Params {
  firstLayer: u32,
  sequence: u32,
  numSequences: u32,
  kvHeads: u32,
  numLists: u32,
  budget: u32,
}

@group(0) @binding(0) var<storage, read_write> lists: array<u32>;
@group(0) @binding(1) var<storage, read_write> listState: array<vec2<u32>>;
@group(0) @binding(16) var<uniform> params: Params;

const threads = 64u;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let layer = params.firstLayer + group.x / params.kvHeads;
  let kvHead = group.x % params.kvHeads;
  let index = (layer * params.numSequences + params.sequence) * params.kvHeads + kvHead;
  let state = listState[params.numLists + index];
  for (var i = thread; i < state.x; i += threads) {
    lists[index * params.budget + i] = lists[(params.numLists + index) * params.budget + i];
  }
  if (thread == 0u) {
    listState[index] = state;
  }
}
