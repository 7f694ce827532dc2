// y[outputRow + r, i] += sum_s share(p) * z[p, i], p = r * perToken + s: what a row's experts give, by their shares
//
// Grid: one invocation an element of a row, flat grid of workgroups of 64.
//   z       [rows * perToken, width] f32
//   shares  [rows * perToken] f32
//   y       [outputRow + rows, width] f32

struct Params {
  rows: u32,
  width: u32,
  perToken: u32,
  outputRow: u32,
}

@group(0) @binding(0) var<storage, read> z: array<f32>;
@group(0) @binding(1) var<storage, read> shares: array<f32>;
@group(0) @binding(2) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = (group.y * groups.x + group.x) * 64u + thread;
  if (index >= params.rows * params.width) {
    return;
  }
  let row = index / params.width;
  var sum = 0.0;
  for (var pair = row * params.perToken; pair < (row + 1u) * params.perToken; pair++) {
    sum = fma(shares[pair], z[pair * params.width + index % params.width], sum);
  }
  y[params.outputRow * params.width + index] += sum;
}
