// table[list[i].x] = list[i].y for every pair.
//
// Grid: one invocation a pair. No index stands twice in the list.
//   table  [entries] u32
//   list   [numPairs] (index, value)

struct Params {
  numPairs: u32,
}

@group(0) @binding(0) var<storage, read_write> table: array<u32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec2<u32>>;

const threads = 64u;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let pair = (group.y * groups.x + group.x) * threads + thread;
  if (pair < params.numPairs) {
    table[list[pair].x] = list[pair].y;
  }
}
