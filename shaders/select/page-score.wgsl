// scores[task, p] = the score of page p for the task's queries and KV head (lib/page-bound), for every page p of the task's
// sequence: an upper bound of q_h · k over the page's keys (Quest, arXiv 2406.10774). Pages that are always chosen
// (lib/forced-pages) get the largest finite number; the row's own, the last one, is one of them, and may have no summary yet.
//
// Grid: [pages / 64, tasks]; one invocation a page.
//   qkv           [rows, qkvStride] f32, as vec4: queries after RoPE; row r of `rows` has numQueries from row firstRow + r on
//   rows          [rows] (sequence, position, -, -)
//   summaryTable  [sequences, maxPages] summary slots
//   summaries     [KV heads of the slab, numSummarySlots, 2, HEAD_DIM] KvEight
//   scores        [tasks, scoreStride] f32, from task firstTask on
//   list          [tasks] (row, KV head in the low half), all KV heads in the slab that begins with firstKvHead

struct Params {
  firstRow: u32,
  numQueries: u32,
  firstTask: u32,
  qkvStride: u32,
  firstKvHead: u32,
  maxPages: u32,
  numSummarySlots: u32,
  scoreStride: u32,
  window: u32,
  sinks: u32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> summaryTable: array<u32>;
@group(0) @binding(3) var<storage, read> summaries: array<KvEight>;
@group(0) @binding(4) var<storage, read_write> scores: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec2<u32>>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = list[group.y].x;
  let kvHead = list[group.y].y & 0xffffu;
  let sequence = rows[row].x;
  let lastPage = rows[row].y / 16u;
  let page = group.x * 64u + thread;
  if (page > lastPage) {
    return;
  }
  let result = (params.firstTask + group.y) * params.scoreStride + page;
  if (isForced(page, lastPage)) {
    scores[result] = forced;
  } else {
    scores[result] = scoreOf(row, sequence, kvHead, page);
  }
}
