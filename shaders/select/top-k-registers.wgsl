// As top-k, for at most 8,192 pages: every invocation reads its share of the scores once and keeps it in registers. The lowest
// score that gets in is found bit by bit, from the highest down: in each round all count their scores that are not below a
// candidate, which costs the same however the scores are distributed. Then pages that get in set bits, and every invocation
// writes those of its 32 pages.
//
// Grid: one workgroup of 256 a task. After lib/order-subgroups; bindings and list as in top-k.

// Vectors of four scores of an invocation.
const numQuads = 8u;
// Of each round, and at last of the scores above the threshold.
var<workgroup> counts: array<atomic<u32>, 33>;
// A bit for each page: above the threshold, equal to it.
var<workgroup> above: array<atomic<u32>, 256>;
var<workgroup> tied: array<atomic<u32>, 256>;
var<workgroup> isFound: u32;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let task = group.y * groups.x + group.x;
  if (task >= params.numTasks) {
    return;
  }
  let order = orderOf(thread);
  let row = rows[list[task].x];
  let head = list[task].y;
  let numPages = row.y / 16u + 1u;
  let count = min(params.budget, numPages);
  var keys: array<vec4<u32>, numQuads>;
  for (var quad = 0u; quad < numQuads; quad++) {
    let page = quad * 4u * threads + thread;
    let first = task * params.scoreStride + page;
    if (quad * 4u * threads < numPages) {
      keys[quad] = vec4(
        keyOf(first, page < numPages),
        keyOf(first + threads, page + threads < numPages),
        keyOf(first + 2u * threads, page + 2u * threads < numPages),
        keyOf(first + 3u * threads, page + 3u * threads < numPages),
      );
    }
  }

  // The highest threshold that at least `count` scores reach. Where exactly so many do, lower bits change nothing.
  var lowest = 0u;
  for (var byte = 0u; byte < 4u; byte++) {
    for (var bit = 0u; bit < 8u; bit++) {
      let round = 8u * byte + bit;
      let candidate = lowest | (0x80000000u >> round);
      var own = vec4(0u);
      for (var quad = 0u; quad < numQuads; quad++) {
        if (quad * 4u * threads < numPages) {
          own += select(vec4(0u), vec4(1u), keys[quad] >= vec4(candidate));
        }
      }
      let reached = countAll(round, own);
      if (reached >= count) {
        lowest = candidate;
      }
      if (thread == 0u && reached == count) {
        isFound = 1u;
      }
    }
    if (workgroupUniformLoad(&isFound) == 1u) {
      break;
    }
  }

  var own = vec4(0u);
  for (var quad = 0u; quad < numQuads; quad++) {
    if (quad * 4u * threads < numPages) {
      let page = quad * 4u * threads + thread;
      own += select(vec4(0u), vec4(1u), keys[quad] > vec4(lowest));
      for (var i = 0u; i < 4u; i++) {
        mark(page + i * threads, keys[quad][i], lowest);
      }
    }
  }
  let numTied = count - countAll(32u, own);
  let pagesAbove = atomicLoad(&above[order]);
  let pagesTied = atomicLoad(&tied[order]);
  let before = sumBefore(order, vec2(countOneBits(pagesAbove), countOneBits(pagesTied)));
  let index = params.listOffset + row.x * params.kvHeads + (head & 0xffffu);
  var numBefore = before;
  for (var rest = pagesAbove | pagesTied; rest != 0u; rest &= rest - 1u) {
    let bit = firstTrailingBit(rest);
    let isTied = ((pagesTied >> bit) & 1u) == 1u;
    if (!isTied || numBefore.y < numTied) {
      let place = numBefore.x + min(numBefore.y, numTied);
      for (var targets = head >> 16u; targets != 0u; targets &= targets - 1u) {
        lists[(index + firstTrailingBit(targets) * params.numLists) * params.listCapacity + place] = 32u * order + bit;
      }
    }
    numBefore += select(vec2(1u, 0u), vec2(0u, 1u), isTied);
  }
  if (thread == 0u) {
    for (var targets = head >> 16u; targets != 0u; targets &= targets - 1u) {
      listState[index + firstTrailingBit(targets) * params.numLists] = vec2(count, numPages);
    }
  }
}

// Ordered as the scores are; below that of every score where there is none.
fn keyOf(index: u32, exists: bool) -> u32 {
  if (!exists) {
    return 0u;
  }
  let bits = bitcast<u32>(scores[index]);
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

// The sum over all invocations of what each counted. For all invocations together, each round once.
fn countAll(round: u32, own: vec4<u32>) -> u32 {
  let sum = subgroupAdd(own.x + own.y + own.z + own.w);
  if (subgroupElect()) {
    atomicAdd(&counts[round], sum);
  }
  workgroupBarrier();
  return atomicLoad(&counts[round]);
}

fn mark(page: u32, key: u32, lowest: u32) {
  if (key > lowest) {
    atomicOr(&above[page / 32u], 1u << (page % 32u));
  } else if (key == lowest) {
    atomicOr(&tied[page / 32u], 1u << (page % 32u));
  }
}
