// The referee of sparse-decode: the same formula, grid and bindings, one invocation a query head, one key after the other.

struct Params {
  numRows: u32,
  qkvStride: u32,
  kvHeads: u32,
  firstKvHead: u32,
  tableOffset: u32,
  maxPages: u32,
  listOffset: u32,
  listCapacity: u32,
  window: u32,
  splits: u32,
  maxSplits: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> pool: array<PoolWord>;
@group(0) @binding(2) var<storage, read> blockTable: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> listState: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read> lists: array<u32>;
@group(0) @binding(6) var<storage, read_write> partials: array<vec4<f32>>;
@group(0) @binding(16) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
const lowest = -3.0e38;

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.z;
  let kvHead = params.firstKvHead + group.y;
  let sequence = rows[row].x;
  let position = rows[row].y;
  let pages = pageList(sequence, kvHead, position);
  if (group.x >= pages.numSplits || thread >= GROUP) {
    return;
  }
  let head = kvHead * GROUP + thread;
  let units = HEAD_DIM / 8u;
  let query = row * (params.qkvStride / 4u) + head * 2u * units;
  let result = ((row * params.kvHeads * GROUP + head) * params.maxSplits + group.x) * (2u * units + 1u);
  for (var i = 1u; i <= 2u * units; i++) {
    partials[result + i] = vec4(0.0);
  }
  var largest = lowest;
  var sum = 0.0;
  let begin = (pages.firstSplit + group.x) * pages.pagesPerSplit;
  let end = min(begin + pages.pagesPerSplit, pages.numEntries);
  let list = listIndex(sequence, kvHead);
  for (var entry = begin; entry < end; entry++) {
    var page = pages.tailStart + entry - pages.count;
    if (entry < pages.count) {
      page = lists[list * params.listCapacity + entry];
    }
    let slot = blockTable[params.tableOffset + (sequence * params.kvHeads + kvHead) * params.maxPages + page];
    for (var token = 0u; token < 16u; token++) {
      let key = page * 16u + token;
      if (key < firstVisible(position) || key > position) {
        continue;
      }
      var score = 0.0;
      for (var unit = 0u; unit < units; unit++) {
        let keys = poolKeys(slot, token / 4u * 4u, unit);
        score += dot(keys.low[token % 4u], qkv[query + 2u * unit]);
        score += dot(keys.high[token % 4u], qkv[query + 2u * unit + 1u]);
      }
      score = capped(vec4(score * params.scale * 1.4426950408889634)).x;
      let previous = largest;
      largest = max(largest, score);
      let decay = exp2(previous - largest);
      let weight = exp2(score - largest);
      sum = sum * decay + weight;
      for (var unit = 0u; unit < units; unit++) {
        let value = poolValue(slot, token, unit);
        let low = result + 1u + 2u * unit;
        partials[low] = partials[low] * decay + weight * value.low;
        partials[low + 1u] = partials[low + 1u] * decay + weight * value.high;
      }
    }
  }
  partials[result] = vec4(largest, sum, 0.0, 0.0);
}
