// y[r, firstOutput + n] = [y[…]] + [bias[firstOutput + n]] + s[n, r]: what matvec does with its sums
//
//   bias  [all outputs] f32
//   y     [ROWS, outputStride] f32

override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;

@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;

const rowsPerOutput = 1u;

// Sums of matrix rows n and n + 1 for at most four rows of x from `row` on.
fn finish(n: u32, row: u32, first: vec4<f32>, second: vec4<f32>) {
  finishOutput(n, row, first);
  finishOutput(n + 1u, row, second);
}

fn finishOutput(n: u32, row: u32, sums: vec4<f32>) {
  if (n >= params.numOutputs) {
    return;
  }
  store(n, row, sums.x);
  if (ROWS > 1u) {
    store(n, row + 1u, sums.y);
  }
  if (ROWS > 2u) {
    store(n, row + 2u, sums.z);
    store(n, row + 3u, sums.w);
  }
}

fn store(n: u32, row: u32, sum: f32) {
  let output = params.firstOutput + n;
  var result = sum;
  if (BIAS == 1u) {
    result += bias[output];
  }
  let place = row * params.outputStride + output;
  if (RESIDUAL == 1u) {
    result += y[place];
  }
  y[place] = result;
}
