// destination[list[i].y] = source[list[i].x] for every pair: pages between two buffers of equal page size.
//
// Grid: one workgroup a pair. No destination page stands twice in the list.
//   source       [pages, wordsPerPage] u32, as vec4
//   destination  [pages, wordsPerPage] u32, as vec4
//   list         [numPages] (source page, destination page)
// Limits: wordsPerPage is a multiple of 4.

struct Params {
  numPages: u32,
  wordsPerPage: u32,
}

@group(0) @binding(0) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> destination: array<vec4<u32>>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec2<u32>>;

const threads = 64u;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let pair = group.y * groups.x + group.x;
  if (pair >= params.numPages) {
    return;
  }
  let size = params.wordsPerPage / 4u;
  let sourceStart = list[pair].x * size;
  let destinationStart = list[pair].y * size;
  for (var i = thread; i < size; i += threads) {
    destination[destinationStart + i] = source[sourceStart + i];
  }
}
