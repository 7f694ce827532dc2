// y[m, i] = act(z[m, 2i]) * z[m, 2i + 1]
//
// Grid: one invocation an element of y, flat grid of workgroups of 64.
//   z  [rows, 2 * width] f32: gate and up interleaved
//   y  [rows, width] f32

struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<storage, read> z: array<vec2<f32>>;
@group(0) @binding(1) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = (group.y * groups.x + group.x) * 64u + thread;
  if (index < params.rows * params.width) {
    let pair = z[index];
    y[index] = activate(pair.x) * pair.y;
  }
}
