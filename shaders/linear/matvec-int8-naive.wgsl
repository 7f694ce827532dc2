// s[n, r] = sum_k W[n, k] * inputScales[r, k / 32] * code[r, k], handed to finish() of the file after this one: see matvec-int8.wgsl
//
// The referee: one invocation two matrix rows, eight invocations a workgroup, over a grid as in matvec-int8.wgsl.

override ROWS: u32 = 1u;

struct Params {
  columns: u32,
  numOutputs: u32,
  firstOutput: u32,
  outputStride: u32,
}

@group(0) @binding(1) var<storage, read> codes: array<u32>;
@group(0) @binding(2) var<storage, read> inputScales: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

const threads = 8u;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let n = 2u * ((group.y * groups.x + group.x) * threads + thread);
  let last = params.numOutputs * rowsPerOutput - 1u;
  if (n > last) {
    return;
  }
  for (var row = 0u; row < ROWS; row += 4u) {
    var first: vec4<f32>;
    var second: vec4<f32>;
    for (var r = 0u; r < min(4u, ROWS - row); r++) {
      first[r] = product(n, row + r);
      second[r] = product(min(n + 1u, last), row + r);
    }
    finish(n, row, first, second);
  }
}

fn product(n: u32, r: u32) -> f32 {
  let numGroups = (params.columns + 31u) / 32u;
  var sum = 0.0;
  for (var k = 0u; k < params.columns; k++) {
    let group = r * numGroups + k / 32u;
    // Of eight columns the even ones lie in one of the first four words, the odd ones in one of the last.
    let word = codes[8u * group + 4u * (k % 2u) + k % 32u / 8u];
    let code = extractBits(bitcast<i32>(word), k % 8u / 2u * 8u, 8u);
    sum = fma(weightAt(n, k, params.columns), inputScales[group] * f32(code), sum);
  }
  return sum;
}
