// The referee of top-k: the same result, grid and bindings. An invocation counts for each of its pages those that come before
// it in order of score, and for the chosen ones the chosen of lower PageIndex. Limit: 8,192 pages.

// Of use to the other variants only.
override threads: u32 = 256;
// One bit a page.
var<workgroup> chosen: array<atomic<u32>, 256>;

@compute @workgroup_size(64)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let task = group.y * groups.x + group.x;
  if (task >= params.numTasks) {
    return;
  }
  let row = rows[list[task].x];
  let numPages = row.y / 16u + 1u;
  let start = task * params.scoreStride;
  for (var page = thread; page < numPages; page += 64u) {
    if (rankOf(page, start, numPages) < params.budget) {
      atomicOr(&chosen[page / 32u], 1u << (page % 32u));
    }
  }
  workgroupBarrier();
  let index = params.listOffset + row.x * params.kvHeads + (list[task].y & 0xffffu);
  let targets = list[task].y >> 16u;
  for (var page = thread; page < numPages; page += 64u) {
    let bits = atomicLoad(&chosen[page / 32u]);
    if (((bits >> (page % 32u)) & 1u) == 0u) {
      continue;
    }
    var place = countOneBits(bits & ((1u << (page % 32u)) - 1u));
    for (var word = 0u; word < page / 32u; word++) {
      place += countOneBits(atomicLoad(&chosen[word]));
    }
    for (var rest = targets; rest != 0u; rest &= rest - 1u) {
      lists[(index + firstTrailingBit(rest) * params.numLists) * params.listCapacity + place] = page;
    }
  }
  if (thread == 0u) {
    for (var rest = targets; rest != 0u; rest &= rest - 1u) {
      listState[index + firstTrailingBit(rest) * params.numLists] = vec2(min(params.budget, numPages), numPages);
    }
  }
}

// How many pages come before `page`.
fn rankOf(page: u32, start: u32, numPages: u32) -> u32 {
  let score = scores[start + page];
  var rank = 0u;
  for (var other = 0u; other < numPages; other++) {
    let rival = scores[start + other];
    if (rival > score || (rival == score && other < page)) {
      rank++;
    }
  }
  return rank;
}
