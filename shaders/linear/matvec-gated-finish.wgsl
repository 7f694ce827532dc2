// y[r, firstOutput + n] = act(s[2n, r]) * s[2n + 1, r]: what matvec-gated does with its sums
//
//   y  [ROWS, outputStride] f32

@group(0) @binding(3) var<storage, read_write> y: array<f32>;

const rowsPerOutput = 2u;

// Sums of matrix rows n (even) and n + 1 for at most four rows of x from `row` on.
fn finish(n: u32, row: u32, gate: vec4<f32>, up: vec4<f32>) {
  if (n >= 2u * params.numOutputs) {
    return;
  }
  let place = row * params.outputStride + params.firstOutput + n / 2u;
  y[place] = activate(gate.x) * up.x;
  if (ROWS > 1u) {
    y[place + params.outputStride] = activate(gate.y) * up.y;
  }
  if (ROWS > 2u) {
    y[place + 2u * params.outputStride] = activate(gate.z) * up.z;
    y[place + 3u * params.outputStride] = activate(gate.w) * up.w;
  }
}
