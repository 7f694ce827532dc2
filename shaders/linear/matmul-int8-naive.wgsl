// y[outputOffset + m * outputStride + firstOutput + n] = [y[…]] + [bias[firstOutput + n]] + sum_k W[n, k] * x'[m, k]
// x'[m, k] = inputScales[m, k / 32] * code[m, k], see quantize-rows.wgsl
//
// The referee: one invocation an output element, 8 outputs x 8 rows a workgroup over a grid of tiles as in matmul-int8.wgsl.

@compute @workgroup_size(8, 8)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_id) thread: vec3<u32>) {
  for (var i = 0u; i < 128u; i += 8u) {
    for (var j = 0u; j < 32u; j += 8u) {
      let output = group.y * 128u + i + thread.x;
      let row = group.x * 32u + j + thread.y;
      if (output < params.numOutputs && row < params.numRows) {
        accumulate(output, row);
      }
    }
  }
}

fn accumulate(output: u32, row: u32) {
  var sum = 0.0;
  for (var k = 0u; k < params.columns; k++) {
    sum = fma(weightAt(output, k, params.columns), inputAt(row, k), sum);
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

fn inputAt(row: u32, column: u32) -> f32 {
  let group = row * ((params.columns + 31u) / 32u) + column / 32u;
  let word = codes[2u * group + column % 2u][column % 32u / 8u];
  let code = extractBits(bitcast<i32>(word), column % 8u / 2u * 8u, 8u);
  return inputScales[group] * f32(code);
}
