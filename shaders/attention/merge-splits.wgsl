// attended[r, h] = sum_s 2^(m_s - m) acc_s / sum_s 2^(m_s - m) l_s over the row's splits, m = max_s m_s
//
// One workgroup a (row, head).
//   partials   [rows, heads, maxSplits, 2 + HEAD_DIM] f32: (m, l, acc) of sparse-decode
//   rows       [rows] (sequence, position, -, -)
//   listState  [lists] (count, tailStart)
//   attended   [rows, heads * HEAD_DIM] f32

struct Params {
  numRows: u32,
  kvHeads: u32,
  listOffset: u32,
  window: u32,
  maxSplits: u32,
}

@group(0) @binding(0) var<storage, read> partials: array<f32>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> listState: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> attended: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
const threads = 64u;
const lowest = -3.0e38;

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
  let pages = page_list(rows[row].x, rowHead % heads / GROUP, rows[row].y);
  let stride = HEAD_DIM + 2u;
  let start = rowHead * params.maxSplits * stride;
  var largest = lowest;
  for (var split = 0u; split < pages.numSplits; split++) {
    largest = max(largest, partials[start + split * stride]);
  }
  for (var channel = thread; channel < HEAD_DIM; channel += threads) {
    var sum = 0.0;
    var value = 0.0;
    for (var split = 0u; split < pages.numSplits; split++) {
      let part = start + split * stride;
      let weight = exp2(partials[part] - largest);
      sum = fma(weight, partials[part + 1u], sum);
      value = fma(weight, partials[part + 2u + channel], value);
    }
    attended[rowHead * HEAD_DIM + channel] = value / sum;
  }
}
