// y[r, firstOutput + n] = [y[…]] + [bias[firstOutput + n]] + sum_k W[n, k] * x'[r, k]
// x'[r, k] = x[r, k] / sqrt(mean_j(x[r, j]^2) + epsilon) * normWeight[k], or x[r, k]
//
// The referee: one invocation an output, the outputs of groupRows matrix rows a workgroup. Bindings as matvec.wgsl.

override NORM: u32 = 0u;
override BIAS: u32 = 0u;
override RESIDUAL: u32 = 0u;
override ROWS: u32 = 1u;
// Of use to the portable variant only, but for the size of a group.
override STAGED: u32 = 1024u;
override AHEAD: u32 = 1u;
override LANES: u32 = 16u;
override TEAM_ROWS: u32 = 2u;
override groupOutputs: u32 = 256u / LANES * TEAM_ROWS;

struct Params {
  columns: u32,
  numOutputs: u32,
  firstOutput: u32,
  outputStride: u32,
  epsilon: f32,
}

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> normWeight: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(16)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let first = (group.y * groups.x + group.x) * groupOutputs;
  for (var output = first + thread; output < min(first + groupOutputs, params.numOutputs); output += 16u) {
    writeOutput(output);
  }
}

fn writeOutput(output: u32) {
  for (var row = 0u; row < ROWS; row++) {
    let start = row * params.columns;
    var sum = 0.0;
    var squares = 0.0;
    for (var k = 0u; k < params.columns; k++) {
      var value = x[start + k];
      if (NORM == 1u) {
        squares = fma(value, value, squares);
        value *= normWeight[k];
      }
      sum = fma(weightAt(output, k, params.columns), value, sum);
    }
    if (NORM == 1u) {
      sum *= inverseSqrt(squares / f32(params.columns) + params.epsilon);
    }
    if (BIAS == 1u) {
      sum += bias[params.firstOutput + output];
    }
    let place = row * params.outputStride + params.firstOutput + output;
    if (RESIDUAL == 1u) {
      sum += y[place];
    }
    y[place] = sum;
  }
}
