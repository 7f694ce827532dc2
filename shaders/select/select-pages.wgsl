// page-score and top-k in one: scores the pages of a task into `scores`, then selects the min(budget, pages) highest. The same
// bits as by the two, for one query a row.
//
// Grid: one workgroup a task, which scores all its pages: for lists that are not too long. Bindings and list as in page-score and
// top-k; scores of task firstTask + t for the dispatch's task t.

struct Params {
  numTasks: u32,
  kvHeads: u32,
  budget: u32,
  listOffset: u32,
  numLists: u32,
  listCapacity: u32,
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
@group(0) @binding(5) var<storage, read_write> listState: array<vec2<u32>>;
@group(0) @binding(6) var<storage, read_write> lists: array<u32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec2<u32>>;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) indexInGroup: u32,
) {
  let task = group.y * groups.x + group.x;
  if (task >= params.numTasks) {
    return;
  }
  let row = list[task].x;
  let head = list[task].y;
  let kvHead = head & 0xffffu;
  let sequence = rows[row].x;
  let lastPage = rows[row].y / 16u;
  let start = (params.firstTask + task) * params.scoreStride;
  for (var page = indexInGroup; page <= lastPage; page += threads) {
    if (isForced(page, lastPage)) {
      scores[start + page] = forced;
    } else {
      scores[start + page] = scoreOf(row, sequence, kvHead, page);
    }
  }
  storageBarrier();
  let index = params.listOffset + sequence * params.kvHeads + kvHead;
  let count = min(params.budget, lastPage + 1u);
  selectHighest(orderOf(indexInGroup), start, lastPage + 1u, count, index, head >> 16u);
}
