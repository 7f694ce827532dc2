// attended[r, h] = sum_s 2^(m_s - m) acc_s / sum_s 2^(m_s - m) l_s over the row's splits, m = max_s m_s
//
// Grid: one workgroup a (row, head). An invocation merges four channels of its slice of the splits, one of every so many; then slices are added.
//   partials   [rows, heads, maxSplits, 1 + HEAD_DIM / 4] vec4<f32>: (m, l, -, -), acc of sparse-decode
//   rows       [rows] (sequence, position, -, -)
//   listState  [lists] (count, tailStart)
//   attended   [rows, heads, HEAD_DIM / 4] vec4<f32>
// Limits: HEAD_DIM is a multiple of 4 and at most 512.

struct Params {
  numRows: u32,
  kvHeads: u32,
  listOffset: u32,
  window: u32,
  splits: u32,
  maxSplits: u32,
}

@group(0) @binding(0) var<storage, read> partials: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> listState: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> attended: array<vec4<f32>>;
@group(0) @binding(16) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
// Whether several invocations share a head's splits.
override SLICED: u32 = 1;
override threads: u32 = select(HEAD_DIM / 4u, 128u, SLICED == 1u);
const lowest = -3.0e38;

// Of each invocation: (m, l), and acc of its channels.
var<workgroup> states: array<vec2<f32>, threads>;
var<workgroup> shares: array<vec4<f32>, threads>;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let rowHead = group.y * groups.x + group.x;
  let heads = params.kvHeads * GROUP;
  if (rowHead >= params.numRows * heads) {
    return;
  }
  let row = rowHead / heads;
  let list = pageList(rows[row].x, rowHead % heads / GROUP, rows[row].y);
  let quads = HEAD_DIM / 4u;
  let slices = threads / quads;
  let quad = thread % quads;
  let start = rowHead * params.maxSplits * (quads + 1u);
  var state = vec2(lowest, 0.0);
  var share = vec4(0.0);
  // By the splits' places in the list: those skipped before a window would have added nothing.
  let first = (thread / quads + slices - list.firstSplit % slices) % slices;
  for (var split = first; split < list.numSplits && thread < slices * quads; split += slices) {
    let part = start + split * (quads + 1u);
    let other = partials[part].xy;
    let largest = max(state.x, other.x);
    let factors = exp2(vec2(state.x, other.x) - largest);
    state = vec2(largest, fma(other.y, factors.y, state.y * factors.x));
    share = fma(partials[part + 1u + quad], vec4(factors.y), share * factors.x);
  }
  states[thread] = state;
  shares[thread] = share;
  workgroupBarrier();
  if (thread >= quads) {
    return;
  }
  var largest = lowest;
  for (var slice = 0u; slice < slices; slice++) {
    largest = max(largest, states[slice * quads].x);
  }
  var sum = 0.0;
  var value = vec4(0.0);
  for (var slice = 0u; slice < slices; slice++) {
    let factor = exp2(states[slice * quads].x - largest);
    sum = fma(factor, states[slice * quads].y, sum);
    value = fma(vec4(factor), shares[slice * quads + quad], value);
  }
  attended[rowHead * quads + quad] = value / sum;
}
