// y[outputOffset + m * outputStride + firstOutput + n] = [y[…]] + [bias[firstOutput + n]] + sum_k W[n, k] * x[inputOffset + m * inputStride + k]
//
// The referee: one invocation an output element, 8 outputs x 8 rows a workgroup over a grid of tiles as in matmul.wgsl.

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

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) thread: vec3<u32>) {
  for (var i = 0u; i < tileOutputs; i += 8u) {
    let output = group.x * tileOutputs + i + thread.x;
    if (output >= params.numOutputs) {
      return;
    }
    for (var j = 0u; j < TILE_ROWS; j += 8u) {
      let row = group.y * TILE_ROWS + j + thread.y;
      if (row < params.numRows) {
        accumulate(output, row);
      }
    }
  }
}

fn accumulate(output: u32, row: u32) {
  let start = params.inputOffset + row * params.inputStride;
  var sum = 0.0;
  for (var k = 0u; k < params.columns; k++) {
    sum = fma(weightAt(output, k, params.columns), x[start + k], sum);
  }
  if (params.hasBias != 0u) {
    sum += bias[params.firstOutput + output];
  }
  let place = params.outputOffset + row * params.outputStride + params.firstOutput + output;
  if (params.isResidual != 0u) {
    sum += y[place];
  }
  y[place] = sum;
}

const tileOutputs = 64u;
override TILE_ROWS: u32 = 64u;
