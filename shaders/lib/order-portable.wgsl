// An order of a workgroup's invocations, and sums over those that come before one: of all in turn, by one of them.

const threads = 64u;
var<workgroup> sums: array<vec2<u32>, threads>;

// Place of an invocation in the order.
fn order_of(thread: u32) -> u32 {
  return thread;
}

// Sum of `value` over the invocations before this one. For all invocations together, with a barrier between two calls.
fn sum_before(order: u32, value: vec2<u32>) -> vec2<u32> {
  sums[order] = value;
  workgroupBarrier();
  if (order == 0u) {
    var before = vec2(0u);
    for (var i = 0u; i < threads; i++) {
      let here = sums[i];
      sums[i] = before;
      before += here;
    }
  }
  workgroupBarrier();
  return sums[order];
}
