// y[i] = act(z[i])
//
// Grid: one invocation an element, flat grid of workgroups of 64. After lib/activation.
//   z, y  [rows * width] f32

struct Params {
  rows: u32,
  width: u32,
}

@group(0) @binding(0) var<storage, read> z: array<f32>;
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
    y[index] = activate(z[index]);
  }
}
