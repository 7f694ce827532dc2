// An order of a workgroup's invocations, and sums over those that come before one: within runs of 16, then over the runs.

// A multiple of 16 that divides 256.
override threads: u32 = 64;
const runLength = 16u;
var<workgroup> sums: array<vec2<u32>, threads>;
var<workgroup> sumsOfRuns: array<vec2<u32>, 256u / runLength>;

// Place of an invocation in the order.
fn orderOf(thread: u32) -> u32 {
  return thread;
}

// Sum of `value` over the invocations before this one. For all invocations together, with a barrier between two calls.
fn sumBefore(order: u32, value: vec2<u32>) -> vec2<u32> {
  sums[order] = value;
  workgroupBarrier();
  if (order < threads / runLength) {
    var before = vec2(0u);
    for (var i = order * runLength; i < (order + 1u) * runLength; i++) {
      let here = sums[i];
      sums[i] = before;
      before += here;
    }
    sumsOfRuns[order] = before;
  }
  workgroupBarrier();
  var before = sums[order];
  for (var i = 0u; i < order / runLength; i++) {
    before += sumsOfRuns[i];
  }
  return before;
}
