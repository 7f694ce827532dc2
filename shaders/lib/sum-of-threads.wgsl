// The sum of what the 64 invocations of a workgroup have, in an order that never changes. All of them call it, from uniform control
// flow, and once: whoever calls it again must wait for the others first.

const threads = 64u;
var<workgroup> sums: array<f32, threads>;

fn sumOfThreads(own: f32, thread: u32) -> f32 {
  sums[thread] = own;
  for (var stride = threads / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (thread < stride) {
      sums[thread] += sums[thread + stride];
    }
  }
  workgroupBarrier();
  return sums[0];
}
