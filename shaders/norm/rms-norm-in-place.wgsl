// y[firstRow + r, offset + i] = y[…] / sqrt(mean_j(y[firstRow + r, offset + j]^2) + epsilon) * weight[firstWeight + i], i < width
//
// Grid: one workgroup a row, flat. After lib/sum-of-threads.
//   weight  [firstWeight + width] f32
//   y       [firstRow + rows, stride] f32

struct Params {
  rows: u32,
  width: u32,
  stride: u32,
  offset: u32,
  firstRow: u32,
  firstWeight: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> weight: array<f32>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

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
  let start = (params.firstRow + row) * params.stride + params.offset;
  var sum = 0.0;
  for (var i = thread; i < params.width; i += threads) {
    let value = y[start + i];
    sum = fma(value, value, sum);
  }
  let scale = inverseSqrt(sumOfThreads(sum, thread) / f32(params.width) + params.epsilon);
  for (var i = thread; i < params.width; i += threads) {
    y[start + i] = y[start + i] * scale * weight[params.firstWeight + i];
  }
}
