// y[outputRow + r, i] = (x[inputRow + r, i] - m_r) / sqrt(mean_j((x[inputRow + r, j] - m_r)^2) + epsilon) * weight[i] + bias[i],
// m_r the mean of row r
//
// Grid: one workgroup a row, flat. After lib/sum-of-threads.
//   x       [inputRow + rows, width] f32
//   weight  [2, width] f32: weights, then biases
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
  var total = 0.0;
  for (var i = thread; i < params.width; i += threads) {
    total += x[start + i];
  }
  let mean = sumOfThreads(total, thread) / f32(params.width);
  // All have read the first sum before the second begins.
  workgroupBarrier();
  var squares = 0.0;
  for (var i = thread; i < params.width; i += threads) {
    let value = x[start + i] - mean;
    squares = fma(value, value, squares);
  }
  let scale = inverseSqrt(sumOfThreads(squares, thread) / f32(params.width) + params.epsilon);
  for (var i = thread; i < params.width; i += threads) {
    y[targetStart + i] = fma((x[start + i] - mean) * scale, weight[i], weight[params.width + i]);
  }
}
