// lists[task] = the min(budget, pages) pages with the highest scores, ascending by PageIndex; of equal scores the lower
// PageIndex counts as higher. listState[task] = (their number, the page after the row's own: where the tail will start).
//
// One workgroup a task. Radix select: four rounds, each a histogram of the next eight bits of the scores that still
// compete, find the lowest score that gets in; then every invocation writes its share of the pages. Sums over invocations
// come from the file before this one: lib/order-portable or lib/order-subgroups.
//   rows       [rows] (sequence, position, -, -)
//   scores     [tasks, scoreStride] f32, finite, one for each page up to the row's own
//   listState  [layers, sequences, kvHeads] (count, tailStart), the layer's from listOffset on
//   lists      [layers, sequences, kvHeads, listCapacity] PageIndex
//   list       [tasks] (row, KV head)
// Limits: budget is at least 1 and at most listCapacity.

struct Params {
  numTasks: u32,
  kvHeads: u32,
  budget: u32,
  listOffset: u32,
  listCapacity: u32,
  scoreStride: u32,
}

@group(0) @binding(0) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> scores: array<f32>;
@group(0) @binding(2) var<storage, read_write> listState: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> lists: array<u32>;
@group(1) @binding(0) var<uniform> params: Params;
@group(1) @binding(1) var<storage, read> list: array<vec2<u32>>;

var<workgroup> histogram: array<atomic<u32>, 256>;
// The bits of the threshold found so far, and how many of the scores that share them get in.
var<workgroup> threshold: vec2<u32>;

// Ordered as the scores are.
fn key_of(index: u32) -> u32 {
  let bits = bitcast<u32>(scores[index]);
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) index_in_group: u32,
) {
  let task = group.y * groups.x + group.x;
  if (task >= params.numTasks) {
    return;
  }
  let thread = order_of(index_in_group);
  let row = rows[list[task].x];
  let numPages = row.y / 16u + 1u;
  let start = task * params.scoreStride;
  if (thread == 0u) {
    threshold = vec2(0u, min(params.budget, numPages));
  }
  for (var shift = 24i; shift >= 0i; shift -= 8i) {
    for (var bin = thread; bin < 256u; bin += threads) {
      atomicStore(&histogram[bin], 0u);
    }
    workgroupBarrier();
    // Bits above the round's eight; in the first round there are none.
    let higher = select(0xffffffffu << u32(shift + 8i), 0u, shift == 24i);
    let prefix = threshold.x;
    for (var page = thread; page < numPages; page += threads) {
      let key = key_of(start + page);
      if ((key & higher) == prefix) {
        atomicAdd(&histogram[(key >> u32(shift)) & 255u], 1u);
      }
    }
    workgroupBarrier();
    // Four bins an invocation, from the highest down: one of them has the bin in which the last that gets in lies.
    let wanted = threshold.y;
    var bin = 255u - 4u * thread;
    let here = atomicLoad(&histogram[bin]) + atomicLoad(&histogram[bin - 1u])
      + atomicLoad(&histogram[bin - 2u]) + atomicLoad(&histogram[bin - 3u]);
    let higherBins = sum_before(thread, vec2(here, 0u)).x;
    if (higherBins < wanted && wanted <= higherBins + here) {
      var left = wanted - higherBins;
      while (atomicLoad(&histogram[bin]) < left) {
        left -= atomicLoad(&histogram[bin]);
        bin--;
      }
      threshold = vec2(prefix | (bin << u32(shift)), left);
    }
    workgroupBarrier();
  }

  let lowest = threshold.x;
  let numTied = threshold.y;
  let share = (numPages + threads - 1u) / threads;
  let begin = min(thread * share, numPages);
  let end = min(begin + share, numPages);
  var above = 0u;
  var tied = 0u;
  for (var page = begin; page < end; page++) {
    let key = key_of(start + page);
    above += select(0u, 1u, key > lowest);
    tied += select(0u, 1u, key == lowest);
  }
  let index = params.listOffset + row.x * params.kvHeads + list[task].y;
  var before = sum_before(thread, vec2(above, tied));
  for (var page = begin; page < end; page++) {
    let key = key_of(start + page);
    let isTied = key == lowest;
    if (key > lowest || (isTied && before.y < numTied)) {
      lists[index * params.listCapacity + before.x + min(before.y, numTied)] = page;
    }
    before += vec2(select(0u, 1u, key > lowest), select(0u, 1u, isTied));
  }
  if (thread == 0u) {
    listState[index] = vec2(min(params.budget, numPages), numPages);
  }
}
