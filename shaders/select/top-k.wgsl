// lists[t, task] = the min(budget, pages) pages with the highest scores, ascending by PageIndex, for all targets t of the
// task; of equal scores the lower PageIndex counts as higher (lib/radix-select). listState[t, task] = (their number, the page
// after the row's own: where the tail will start).
//
// Grid: one workgroup a task. Sums over invocations come from lib/order-portable or lib/order-subgroups.
//   rows       [rows] (sequence, position, -, -)
//   scores     [tasks, scoreStride] f32, finite, one for each page up to the row's own
//   listState  [targets, layers, sequences, kvHeads] (count, tailStart), the layer's from listOffset on; a target has numLists
//   lists      [targets, layers, sequences, kvHeads, listCapacity] PageIndex
//   list       [tasks] (row, KV head in the low half and a bit for each target in the high half)
// Limits: budget is at least 1 and at most listCapacity.

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
  let row = rows[list[task].x];
  let head = list[task].y;
  let numPages = row.y / 16u + 1u;
  let index = params.listOffset + row.x * params.kvHeads + (head & 0xffffu);
  let count = min(params.budget, numPages);
  selectHighest(orderOf(indexInGroup), task * params.scoreStride, numPages, count, index, head >> 16u);
}
