// y[i] = cap * tanh(y[i] / cap); what is infinite or no number stays, for the sampler to find it
//
// Grid: one invocation an element, flat grid of workgroups of 64.
//   y  [count] f32

struct Params {
  count: u32,
  cap: f32,
}

@group(0) @binding(0) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = (group.y * groups.x + group.x) * 64u + thread;
  if (index < params.count && (bitcast<u32>(y[index]) & 0x7fffffffu) < 0x7f800000u) {
    // tanh saturates long before 20; larger arguments overflow on some GPUs.
    y[index] = params.cap * tanh(clamp(y[index] / params.cap, -20.0, 20.0));
  }
}
