// pages[list[i].y] = packed[list[i].x] for every pair: pages of 8 bits as elements.
//
// Grid: one invocation a (pair, token of K or V, eight channels).
//   packed  [pages, page of lib/kv-int8] u32, as vec2
//   pages   [pages, 2, 16, HEAD_DIM] KvEight
//   list    [numPages] (packed page, page)
// No page stands twice in the list as a destination.

struct Params {
  numPages: u32,
}

@group(0) @binding(0) var<storage, read> packed: array<vec2<u32>>;
@group(0) @binding(1) var<storage, read_write> pages: array<KvEight>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec2<u32>>;

override HEAD_DIM: u32 = 64;
const threads = 64u;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let units = HEAD_DIM / 8u;
  let task = (group.y * groups.x + group.x) * threads + thread;
  let pair = task / (32u * units);
  if (pair >= params.numPages) {
    return;
  }
  let page = list[pair].x * (packedWords(units) / 2u);
  let row = task / units % 32u;
  let unit = task % units;
  let codes = packed[page + row * units + unit];
  var lowMin: vec4<f32>;
  var lowMax: vec4<f32>;
  var highMin: vec4<f32>;
  var highMax: vec4<f32>;
  if (row < 16u) {
    let range = page + keyRangesAt(units) / 2u + 4u * unit;
    let least = vec4(packed[range], packed[range + 1u]);
    let largest = vec4(packed[range + 2u], packed[range + 3u]);
    lowMin = lowBounds(least);
    highMin = highBounds(least);
    lowMax = lowBounds(largest);
    highMax = highBounds(largest);
  } else {
    let token = row - 16u;
    let range = unpack2x16float(packed[page + valueRangesAt(units) / 2u + token / 2u][token % 2u]);
    lowMin = vec4(range.x);
    highMin = lowMin;
    lowMax = vec4(range.y);
    highMax = lowMax;
  }
  pages[(list[pair].y * 32u + row) * units + unit] = kvPack(
    elementsOf(codes.x, lowMin, lowMax),
    elementsOf(codes.y, highMin, highMax),
  );
}
