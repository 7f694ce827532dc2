// score[pair, p] = max over the query heads h of the pair's KV head of  Σ_j max(q_hj · min_pj, q_hj · max_pj),
// in f32, for every full page p of the pair's sequence. A partial last page has no summary: it gets the largest float, so
// that it is always chosen; so does a full last page.
//
// Grid: x: blocks of 64 pages, y: pairs. One invocation a page.
//   qkv        [rows, qkvStride] f32, q heads first; row r begins at qkvOffset + r · qkvStride
//   rows       [rows] vec4<u32>: (sequence, position, …)
//   pageTable  [sequences, maxPages] u32: slot of a page's summary
//   summaries  [numKvHeads, numPageIds, 2, HEAD_DIM] KvEight
//   scores     [pairs, maxPages] f32
//   list       [numPairs] vec2<u32>: (row, KV head), all heads of this slab

struct Params {
  qkvOffset: u32,
  qkvStride: u32,
  firstKvHead: u32,
  numPageIds: u32,
  maxPages: u32,
  firstPair: u32,
}

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;

@group(0) @binding(0) var<storage, read> qkv: array<f32>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> pageTable: array<u32>;
@group(0) @binding(3) var<storage, read> summaries: array<KvEight>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;
@group(1) @binding(1) var<storage, read> list: array<vec2<u32>>;

const threads = 64u;
const largest = 3.4028234e38;

// The larger product of each channel, summed over four channels.
fn bound(query: vec4<f32>, low: vec4<f32>, high: vec4<f32>) -> f32 {
  return dot(max(query * low, query * high), vec4(1.0));
}

fn query_four(index: u32) -> vec4<f32> {
  return vec4(qkv[index], qkv[index + 1u], qkv[index + 2u], qkv[index + 3u]);
}

@compute @workgroup_size(threads)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let pair = list[id.y];
  let row = rows[pair.x];
  let page = id.x;
  let last = row.y >> 4u;
  if (page > last) {
    return;
  }
  let target_index = (params.firstPair + id.y) * params.maxPages + page;
  if (page == last) {
    scores[target_index] = largest;
    return;
  }
  let units = HEAD_DIM / 8u;
  let slot = pageTable[row.x * params.maxPages + page];
  let summary = ((pair.y - params.firstKvHead) * params.numPageIds + slot) * 2u * units;
  let queries = params.qkvOffset + pair.x * params.qkvStride + pair.y * GROUP * HEAD_DIM;
  var best = -largest;
  for (var head = 0u; head < GROUP; head++) {
    var sum = 0.0;
    for (var unit = 0u; unit < units; unit++) {
      let low = summaries[summary + unit];
      let high = summaries[summary + units + unit];
      let query = queries + head * HEAD_DIM + unit * 8u;
      sum += bound(query_four(query), kv_low(low), kv_low(high));
      sum += bound(query_four(query + 4u), kv_high(low), kv_high(high));
    }
    best = max(best, sum);
  }
  scores[target_index] = best;
}
