// scores[task, p] = max over the task's queries and the query heads h of the group of
//   sum_j max(q_h[j] · min_p[j], q_h[j] · max_p[j])
// for every page p of the task's sequence: an upper bound of q_h · k over the page's keys (Quest, arXiv 2406.10774). The
// row's own page, the last one, gets the largest finite number: it is always chosen, and may have no summary yet.
//
// Grid: [pages / 64, tasks]; one invocation a page.
//   qkv           [rows, qkvStride] f32, as vec4: queries after RoPE; row r of `rows` has numQueries from row firstRow + r on
//   rows          [rows] (sequence, position, -, -)
//   summaryTable  [sequences, maxPages] summary slots
//   summaries     [KV heads of the slab, numSummarySlots, 2, HEAD_DIM] KvEight
//   scores        [tasks, scoreStride] f32, from task firstTask on
//   list          [tasks] (row, KV head), all KV heads in the slab that begins with firstKvHead

struct Params {
  firstRow: u32,
  numQueries: u32,
  firstTask: u32,
  qkvStride: u32,
  firstKvHead: u32,
  maxPages: u32,
  numSummarySlots: u32,
  scoreStride: u32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> summaryTable: array<u32>;
@group(0) @binding(3) var<storage, read> summaries: array<KvEight>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;
@group(1) @binding(1) var<storage, read> list: array<vec2<u32>>;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
const forced = 3.4028234e38;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = list[group.y].x;
  let kvHead = list[group.y].y;
  let sequence = rows[row].x;
  let lastPage = rows[row].y / 16u;
  let page = group.x * 64u + thread;
  if (page > lastPage) {
    return;
  }
  let result = (params.firstTask + group.y) * params.scoreStride + page;
  if (page == lastPage) {
    scores[result] = forced;
    return;
  }
  let units = HEAD_DIM / 8u;
  let slot = summaryTable[sequence * params.maxPages + page];
  let lower = ((kvHead - params.firstKvHead) * params.numSummarySlots + slot) * 2u * units;
  let upper = lower + units;
  var best = -forced;
  for (var i = 0u; i < params.numQueries; i++) {
    let query = (params.firstRow + row + i) * (params.qkvStride / 4u) + kvHead * GROUP * 2u * units;
    for (var block = 0u; block < GROUP; block += 4u) {
      let q0 = query + block * 2u * units;
      let q1 = query + min(block + 1u, GROUP - 1u) * 2u * units;
      let q2 = query + min(block + 2u, GROUP - 1u) * 2u * units;
      let q3 = query + min(block + 3u, GROUP - 1u) * 2u * units;
      var s0 = vec4(0.0);
      var s1 = vec4(0.0);
      var s2 = vec4(0.0);
      var s3 = vec4(0.0);
      for (var unit = 0u; unit < units; unit++) {
        let least = summaries[lower + unit];
        let most = summaries[upper + unit];
        s0 += bound(qkv[q0 + 2u * unit], qkv[q0 + 2u * unit + 1u], least, most);
        if (GROUP > 1u) {
          s1 += bound(qkv[q1 + 2u * unit], qkv[q1 + 2u * unit + 1u], least, most);
        }
        if (GROUP > 2u) {
          s2 += bound(qkv[q2 + 2u * unit], qkv[q2 + 2u * unit + 1u], least, most);
          s3 += bound(qkv[q3 + 2u * unit], qkv[q3 + 2u * unit + 1u], least, most);
        }
      }
      best = max(best, dot(s0, vec4(1.0)));
      if (GROUP > 1u) {
        best = max(best, dot(s1, vec4(1.0)));
      }
      if (GROUP > 2u) {
        best = max(best, max(dot(s2, vec4(1.0)), dot(s3, vec4(1.0))));
      }
    }
  }
  scores[result] = best;
}

// Upper bounds of the products of eight channels, added in fours.
fn bound(low: vec4<f32>, high: vec4<f32>, least: KvEight, most: KvEight) -> vec4<f32> {
  return max(low * kv_low(least), low * kv_low(most)) + max(high * kv_high(least), high * kv_high(most));
}
