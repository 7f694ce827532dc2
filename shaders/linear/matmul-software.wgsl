// y[outputOffset + m * outputStride + firstOutput + n] = [y[…]] + [bias[firstOutput + n]] + sum_k W[n, k] * x[inputOffset + m * inputStride + k]
//
// For adapters that are programs on a CPU: one invocation 16 outputs (lib/software-sums.wgsl) of every row in its tile, 4
// invocations a workgroup. Grid and bindings as matmul.wgsl.

struct Params {
  columns: u32,
  numOutputs: u32,
  numRows: u32,
  firstOutput: u32,
  inputOffset: u32,
  inputStride: u32,
  outputOffset: u32,
  outputStride: u32,
  hasBias: u32,
  isResidual: u32,
}

@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

override TILE_ROWS: u32 = 64u;
const tileOutputs = 64u;
// Rows summed at once; no norm.
const ROWS = 4u;
const NORM = 0u;

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let first = group.x * tileOutputs + thread * 16u;
  if (first >= params.numOutputs) {
    return;
  }
  let end = min((group.y + 1u) * TILE_ROWS, params.numRows);
  for (var row = group.y * TILE_ROWS; row < end; row += ROWS) {
    accumulate(first, row);
  }
}

fn numMatrixRows() -> u32 {
  return params.numOutputs;
}

// Rows beyond the last one repeat it.
fn inputStart(row: u32) -> u32 {
  return params.inputOffset + min(row, params.numRows - 1u) * params.inputStride;
}

fn isAligned() -> bool {
  return (params.columns | params.inputOffset | params.inputStride) % 4u == 0u;
}

fn normBlock(block: u32) -> Block {
  return Block();
}

fn normScale(squares: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(1.0);
}

fn finish(n: u32, row: u32, first: vec4<f32>, second: vec4<f32>) {
  finishOutput(n, row, first);
  finishOutput(n + 1u, row, second);
}

fn finishOutput(n: u32, row: u32, sums: vec4<f32>) {
  if (n >= params.numOutputs) {
    return;
  }
  store(n, row, sums.x);
  store(n, row + 1u, sums.y);
  store(n, row + 2u, sums.z);
  store(n, row + 3u, sums.w);
}

fn store(n: u32, row: u32, sum: f32) {
  if (row >= params.numRows) {
    return;
  }
  let output = params.firstOutput + n;
  var result = sum;
  if (params.hasBias != 0u) {
    result += bias[output];
  }
  let place = params.outputOffset + row * params.outputStride + output;
  if (params.isResidual != 0u) {
    result += y[place];
  }
  y[place] = result;
}
