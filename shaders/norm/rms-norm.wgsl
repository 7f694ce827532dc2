// y[outputRow + r, i] = [y[outputRow + r, i] +] x[inputRow + r, i] / sqrt(mean_j(x[inputRow + r, j]^2) + epsilon) * weight[i]
//
// Grid: one workgroup a row, flat. After lib/sum-of-threads.
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
  let targetStart = (params.outputRow + row) * params.width;
  var sum = 0.0;
  for (var i = thread; i < params.width; i += threads) {
    let value = x[start + i];
    sum = fma(value, value, sum);
  }
  let scale = inverseSqrt(sumOfThreads(sum, thread) / f32(params.width) + params.epsilon);
  for (var i = thread; i < params.width; i += threads) {
    let before = select(0.0, y[targetStart + i], RESIDUAL == 1u);
    y[targetStart + i] = before + x[start + i] * scale * weight[i];
  }
}
