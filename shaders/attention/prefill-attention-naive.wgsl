// The referee of prefill-attention: the same formula, grid and bindings, one invocation a (query row, head), one key after
// the other.

struct Params {
  numRows: u32,
  firstRow: u32,
  firstPosition: u32,
  qkvStride: u32,
  kvHeads: u32,
  firstKvHead: u32,
  tileFirstPage: u32,
  tilePages: u32,
  tileTokens: u32,
  window: u32,
  isFirst: u32,
  isLast: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> tile: array<KvEight>;
@group(0) @binding(2) var<storage, read_write> attended: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> softmaxState: array<vec2<f32>>;
@group(0) @binding(16) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
const lowest = -3.0e38;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kvHead = params.firstKvHead + group.y;
  let pair = group.x * 64u + thread;
  if (pair >= params.numRows * GROUP) {
    return;
  }
  let heads = params.kvHeads * GROUP;
  let row = params.firstRow + pair / GROUP;
  let position = params.firstPosition + pair / GROUP;
  let head = kvHead * GROUP + pair % GROUP;
  let units = HEAD_DIM / 8u;
  let query = row * (params.qkvStride / 4u) + head * 2u * units;
  let result = (row * heads + head) * 2u * units;
  var largest = lowest;
  var sum = 0.0;
  if (params.isFirst != 0u) {
    for (var i = 0u; i < 2u * units; i++) {
      attended[result + i] = vec4(0.0);
    }
  } else {
    largest = softmaxState[row * heads + head].x;
    sum = softmaxState[row * heads + head].y;
  }
  let tileStart = params.tileFirstPage * 16u;
  var begin = tileStart;
  if (params.window != 0u && position >= params.window) {
    begin = max(begin, position + 1u - params.window);
  }
  let end = min(position + 1u, tileStart + params.tileTokens);
  for (var key = begin; key < end; key++) {
    let page = kvHead * params.tilePages + (key >> 4u) - params.tileFirstPage;
    let keyStart = (page * 32u + (key & 15u)) * units;
    var score = 0.0;
    for (var unit = 0u; unit < units; unit++) {
      score += dot(kvLow(tile[keyStart + unit]), qkv[query + 2u * unit]);
      score += dot(kvHigh(tile[keyStart + unit]), qkv[query + 2u * unit + 1u]);
    }
    score = capped(vec4(score * params.scale * 1.4426950408889634)).x;
    let previous = largest;
    largest = max(largest, score);
    let decay = exp2(previous - largest);
    let weight = exp2(score - largest);
    sum = sum * decay + weight;
    let valueStart = keyStart + 16u * units;
    for (var unit = 0u; unit < units; unit++) {
      let low = result + 2u * unit;
      attended[low] = attended[low] * decay + weight * kvLow(tile[valueStart + unit]);
      attended[low + 1u] = attended[low + 1u] * decay + weight * kvHigh(tile[valueStart + unit]);
    }
  }
  softmaxState[row * heads + head] = vec2(largest, sum);
  if (params.isLast != 0u) {
    for (var i = 0u; i < 2u * units; i++) {
      attended[result + i] /= sum;
    }
  }
}
