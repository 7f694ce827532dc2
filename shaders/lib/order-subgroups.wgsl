// An order of a workgroup's invocations, and sums over those that come before one, with subgroups of any size and layout:
// WGSL does not say which invocations share a subgroup, nor that subgroups are full. So the order is made here: subgroups as
// they come, invocations within one by their ids. Only sums of integers, which are the same in every order.

// Divides 256.
override threads: u32 = 64;
// Of a subgroup, at the place of its first invocation: its sum, and its number of invocations.
var<workgroup> sums: array<vec3<u32>, threads>;
var<workgroup> numOrdered: atomic<u32>;

// Place of an invocation in the order.
fn orderOf(thread: u32) -> u32 {
  let count = subgroupAdd(1u);
  var first = 0u;
  if (subgroupElect()) {
    first = atomicAdd(&numOrdered, count);
  }
  return subgroupBroadcastFirst(first) + subgroupExclusiveAdd(1u);
}

// Sum of `value` over the invocations before this one. For all invocations together, with a barrier between two calls.
fn sumBefore(order: u32, value: vec2<u32>) -> vec2<u32> {
  let first = subgroupBroadcastFirst(order);
  let own = vec3(subgroupAdd(value), subgroupAdd(1u));
  var before = subgroupExclusiveAdd(value);
  if (order == first) {
    sums[first] = own;
  }
  workgroupBarrier();
  for (var i = 0u; i < first; i += sums[i].z) {
    before += sums[i].xy;
  }
  return before;
}
