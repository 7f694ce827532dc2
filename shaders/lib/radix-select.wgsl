// The pages with the highest of scores, ascending by PageIndex; of equal scores the lower PageIndex counts as higher.
// Radix select: rounds, each a histogram of the next digit of the scores that still compete, find the lowest score
// that gets in; then every invocation writes its share of the pages. After lib/order-portable or lib/order-subgroups; uses
// what the file after this one declares: scores, lists, listState, and of params numLists and listCapacity.

// Bits of a digit: a divisor of 32, and no fewer bins than invocations.
override digitBits: u32 = 8;
override numBins: u32 = 1u << digitBits;
var<workgroup> histogram: array<atomic<u32>, numBins>;
// The bits of the threshold found so far, and how many of the scores that share them get in.
var<workgroup> threshold: vec2<u32>;

// Ordered as the scores are.
fn keyOf(index: u32) -> u32 {
  let bits = bitcast<u32>(scores[index]);
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

// Writes the `count` highest of scores[start, start + numPages) to the lists index + t · numLists of all targets t, a bit each,
// and (count, numPages) to their states. For all invocations together, each with its place in the order.
fn selectHighest(thread: u32, start: u32, numPages: u32, count: u32, index: u32, targets: u32) {
  if (thread == 0u) {
    threshold = vec2(0u, count);
  }
  let numOwnBins = numBins / threads;
  let step = i32(digitBits);
  for (var shift = 32i - step; shift >= 0i; shift -= step) {
    for (var bin = thread; bin < numBins; bin += threads) {
      atomicStore(&histogram[bin], 0u);
    }
    workgroupBarrier();
    // Bits above the round's digit; in the first round there are none.
    let higher = select(0xffffffffu << u32(shift + step), 0u, shift + step == 32i);
    let prefix = threshold.x;
    for (var page = thread; page < numPages; page += threads) {
      let key = keyOf(start + page);
      if ((key & higher) == prefix) {
        atomicAdd(&histogram[(key >> u32(shift)) & (numBins - 1u)], 1u);
      }
    }
    workgroupBarrier();
    // An invocation has some bins, from the highest down: one of them is that in which the last that gets in lies.
    let wanted = threshold.y;
    var bin = numBins - 1u - numOwnBins * thread;
    var here = 0u;
    for (var i = 0u; i < numOwnBins; i++) {
      here += atomicLoad(&histogram[bin - i]);
    }
    let higherBins = sumBefore(thread, vec2(here, 0u)).x;
    if (higherBins < wanted && wanted <= higherBins + here) {
      var left = wanted - higherBins;
      while (atomicLoad(&histogram[bin]) < left) {
        left -= atomicLoad(&histogram[bin]);
        bin--;
      }
      threshold = vec2(prefix | (bin << u32(shift)), left);
    }
    workgroupBarrier();
  }

  let lowest = threshold.x;
  let numTied = threshold.y;
  let share = (numPages + threads - 1u) / threads;
  let begin = min(thread * share, numPages);
  let end = min(begin + share, numPages);
  var above = 0u;
  var tied = 0u;
  for (var page = begin; page < end; page++) {
    let key = keyOf(start + page);
    above += select(0u, 1u, key > lowest);
    tied += select(0u, 1u, key == lowest);
  }
  var before = sumBefore(thread, vec2(above, tied));
  for (var page = begin; page < end; page++) {
    let key = keyOf(start + page);
    let isTied = key == lowest;
    if (key > lowest || (isTied && before.y < numTied)) {
      let place = before.x + min(before.y, numTied);
      for (var rest = targets; rest != 0u; rest &= rest - 1u) {
        lists[(index + firstTrailingBit(rest) * params.numLists) * params.listCapacity + place] = page;
      }
    }
    before += vec2(select(0u, 1u, key > lowest), select(0u, 1u, isTied));
  }
  if (thread == 0u) {
    for (var rest = targets; rest != 0u; rest &= rest - 1u) {
      listState[index + firstTrailingBit(rest) * params.numLists] = vec2(count, numPages);
    }
  }
}
