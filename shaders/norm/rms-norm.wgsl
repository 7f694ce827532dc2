// y[outputRow + r, i] = [y[outputRow + r, i] +] x[inputRow + r, i] / sqrt(mean_j(x[inputRow + r, j]^2) + epsilon) * weight[i]
//
// One workgroup a row.
//   x       [inputRow + rows, width] f32
//   weight  [width] f32
//   y       [outputRow + rows, width] f32

struct Params {
  rows: u32,
  width: u32,
  epsilon: f32,
  inputRow: u32,
  outputRow: u32,
}

@group(0) @binding(0) var<storage, read> x: array<f32>;
@group(0) @binding(1) var<storage, read> weight: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

// 1: adds to y instead of setting it
override RESIDUAL: u32 = 0u;

const threads = 64u;
var<workgroup> sums: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) {
    return;
  }
  let start = (params.inputRow + row) * params.width;
  let target_start = (params.outputRow + row) * params.width;
  var sum = 0.0;
  for (var i = thread; i < params.width; i += threads) {
    let value = x[start + i];
    sum = fma(value, value, sum);
  }
  sums[thread] = sum;
  for (var stride = threads / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (thread < stride) {
      sums[thread] += sums[thread + stride];
    }
  }
  workgroupBarrier();
  let scale = inverseSqrt(sums[0] / f32(params.width) + params.epsilon);
  for (var i = thread; i < params.width; i += threads) {
    let before = select(0.0, y[target_start + i], RESIDUAL == 1u);
    y[target_start + i] = before + x[start + i] * scale * weight[i];
  }
}
