// scores[task, p] = max over the task's queries i of sum_h 2^(l_ihp) / sum_p' 2^(l_ihp'),  l = logMasses, p' all pages before the
// row's own: the share of each query head's softmax mass, summed over the heads of a KV head. Pages that are always chosen
// (lib/forced-pages) get the largest finite number; the row's own, the last one, is one of them, and has no digest yet.
//
// Grid: one workgroup a task.
//   rows       [rows] (sequence, position, -, number of queries in its ring)
//   logMasses  [tasks, numQueries, GROUP, scoreStride] f32 of select/digest-score
//   scores     [tasks, scoreStride] f32, from task firstTask on, as are logMasses
//   list       [tasks] (row, KV head, number of queries, -), 0 for all of the row's ring
// Queries from firstQuery on; unless that is 0 a score stays if it is higher.
// Limits: threads is a multiple of 16.

struct Params {
  firstTask: u32,
  firstQuery: u32,
  numQueries: u32,
  scoreStride: u32,
  window: u32,
  sinks: u32,
}

@group(0) @binding(0) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> logMasses: array<f32>;
@group(0) @binding(2) var<storage, read_write> scores: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec4<u32>>;

override GROUP: u32 = 1;
override threads: u32 = 256;
const lowest = -3.0e38;

// log2 of the sum of 2^most[i] · sum[i] over i: by invocation, by every 16 of them.
var<workgroup> mosts: array<f32, threads>;
var<workgroup> sums: array<f32, threads>;
var<workgroup> fewMosts: array<f32, 16>;
var<workgroup> fewSums: array<f32, 16>;
// By query head of the group.
var<workgroup> totals: array<f32, GROUP>;

// totals[head] = log2 of the sum of 2^logMasses[start … start + numPages - 1].
fn addUp(head: u32, start: u32, numPages: u32, thread: u32) {
  var most = lowest;
  for (var page = thread; page < numPages; page += threads) {
    most = max(most, logMasses[start + page]);
  }
  var sum = 0.0;
  for (var page = thread; page < numPages; page += threads) {
    sum += exp2(logMasses[start + page] - most);
  }
  mosts[thread] = most;
  sums[thread] = sum;
  workgroupBarrier();
  if (thread < 16u) {
    var top = lowest;
    for (var i = thread; i < threads; i += 16u) {
      top = max(top, mosts[i]);
    }
    var total = 0.0;
    for (var i = thread; i < threads; i += 16u) {
      total = fma(sums[i], exp2(mosts[i] - top), total);
    }
    fewMosts[thread] = top;
    fewSums[thread] = total;
  }
  workgroupBarrier();
  if (thread == 0u) {
    var top = lowest;
    for (var i = 0u; i < 16u; i++) {
      top = max(top, fewMosts[i]);
    }
    var total = 0.0;
    for (var i = 0u; i < 16u; i++) {
      total = fma(fewSums[i], exp2(fewMosts[i] - top), total);
    }
    totals[head] = top + log2(total);
  }
  workgroupBarrier();
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let task = params.firstTask + group.x;
  let entry = list[group.x];
  let row = rows[entry.x];
  let lastPage = row.y / 16u;
  let first = task * params.scoreStride;
  let endQuery = min(select(entry.z, row.w, entry.z == 0u), params.firstQuery + params.numQueries);
  for (var query = params.firstQuery; query < endQuery; query++) {
    let start = (task * params.numQueries + query - params.firstQuery) * GROUP * params.scoreStride;
    for (var head = 0u; head < GROUP; head++) {
      addUp(head, start + head * params.scoreStride, lastPage, thread);
    }
    for (var page = thread; page < lastPage; page += threads) {
      var score = 0.0;
      for (var head = 0u; head < GROUP; head++) {
        score += exp2(logMasses[start + head * params.scoreStride + page] - totals[head]);
      }
      if (query > 0u) {
        score = max(score, scores[first + page]);
      }
      scores[first + page] = score;
    }
    workgroupBarrier();
  }
  for (var page = thread; page <= lastPage; page += threads) {
    if (isForced(page, lastPage)) {
      scores[first + page] = forced;
    }
  }
}
