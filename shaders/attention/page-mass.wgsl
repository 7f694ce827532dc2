// masses[page] += weight · sum_h sum_t 2^(s_t - m_h) / l_h,  s_t = scale · log2(e) · q_h · k_t,
//   m_h = max_s m_s,  l_h = sum_s 2^(m_s - m_h) l_s over the splits s of sparse-decode
// over the query heads h of one (row, KV head) and the keys t of the page that the row sees and that lie in [firstCounted,
// endCounted): the softmax mass of every page that the head attended. Pages that it did not attend stay as they are.
//
// Grid: splits of the row; an invocation a page.
//   qkv         [rows, qkvStride] f32, as vec4
//   pool        [slots, page] PoolWord: lib/kv-pool or lib/kv-pool-int8
//   blockTable  [layers, sequences, kvHeads, maxPages] slots, the layer's from tableOffset on
//   listState   [layers, sequences, kvHeads] (count, tailStart), the layer's from listOffset on
//   lists       [layers, sequences, kvHeads, listCapacity] PageIndex, ascending
//   partials    [rows, heads, maxSplits, 1 + HEAD_DIM / 4] vec4<f32>: (m, l, -, -), acc of sparse-decode for the same row and lists
//   masses      [rows, maxPages] f32, the row's from massOffset on
// Limits: HEAD_DIM is a multiple of 8. Dispatches that add to one row follow each other.

struct Params {
  row: u32,
  sequence: u32,
  position: u32,
  kvHead: u32,
  qkvStride: u32,
  kvHeads: u32,
  tableOffset: u32,
  maxPages: u32,
  listOffset: u32,
  listCapacity: u32,
  window: u32,
  splits: u32,
  maxSplits: u32,
  massOffset: u32,
  firstCounted: u32,
  endCounted: u32,
  scale: f32,
  weight: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> pool: array<PoolWord>;
@group(0) @binding(2) var<storage, read> blockTable: array<u32>;
@group(0) @binding(3) var<storage, read> listState: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read> lists: array<u32>;
@group(0) @binding(5) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(6) var<storage, read_write> masses: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
const lowest = -3.0e38;

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kvHead = params.kvHead;
  let list = pageList(params.sequence, kvHead, params.position);
  let entry = (list.firstSplit + group.x) * list.pagesPerSplit + thread;
  if (group.x >= list.numSplits || thread >= list.pagesPerSplit || entry >= list.numEntries) {
    return;
  }
  var page = list.tailStart + entry - list.count;
  if (entry < list.count) {
    page = lists[listIndex(params.sequence, kvHead) * params.listCapacity + entry];
  }
  let table = params.tableOffset + (params.sequence * params.kvHeads + kvHead) * params.maxPages;
  let slot = blockTable[table + page];
  let units = HEAD_DIM / 8u;
  let stride = HEAD_DIM / 4u + 1u;
  let firstKey = max(firstVisible(params.position), params.firstCounted);
  let endKey = min(params.position + 1u, params.endCounted);
  var mass = 0.0;
  for (var head = kvHead * GROUP; head < (kvHead + 1u) * GROUP; head++) {
    let start = (params.row * params.kvHeads * GROUP + head) * params.maxSplits * stride;
    var largest = lowest;
    for (var split = 0u; split < list.numSplits; split++) {
      largest = max(largest, partials[start + split * stride].x);
    }
    var sum = 0.0;
    for (var split = 0u; split < list.numSplits; split++) {
      let part = partials[start + split * stride];
      sum = fma(exp2(part.x - largest), part.y, sum);
    }
    let query = params.row * (params.qkvStride / 4u) + head * 2u * units;
    var share = 0.0;
    for (var token = 0u; token < 16u; token += 4u) {
      var scores = vec4(0.0);
      for (var unit = 0u; unit < units; unit++) {
        let keys = poolKeys(slot, token, unit);
        scores += qkv[query + 2u * unit] * keys.low + qkv[query + 2u * unit + 1u] * keys.high;
      }
      let positions = vec4(page * 16u + token) + vec4(0u, 1u, 2u, 3u);
      let isSeen = (positions >= vec4(firstKey)) & (positions < vec4(endKey));
      let weights = exp2(capped(scores * (params.scale * 1.4426950408889634)) - largest);
      share += dot(select(vec4(0.0), weights, isSeen), vec4(1.0));
    }
    mass += share / sum;
  }
  masses[params.massOffset + page] += params.weight * mass;
}
