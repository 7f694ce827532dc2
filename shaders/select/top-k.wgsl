// The budget pages with the highest scores, ascending by PageIndex; among equal scores the lower pages. One pair is one KV head
// of one row; what it selects goes to the list of its sequence. With no more pages than the budget all are selected.
//
// A radix select finds the score of the last page that is in: four passes over 8 bits each of the scores as ordered integers.
// Then every thread takes its run of pages, and prefix sums say where its selected ones go.
//
// Grid: x: pairs. One workgroup a pair.
//   scores         [pairs, maxPages] f32
//   rows           [rows] vec4<u32>: (sequence, position, …)
//   selected       [layers · sequences · kvHeads, budget] u32
//   selectedState  [layers · sequences · kvHeads] vec2<u32>: (count, number of pages)
//   list           [numPairs] vec2<u32>: (row, KV head)
// Limits: budget ≤ pages of a sequence; any number of pages.

struct Params {
  // The list of sequence 0, KV head 0 in this layer.
  firstList: u32,
  kvHeads: u32,
  budget: u32,
  maxPages: u32,
}

@group(0) @binding(0) var<storage, read> scores: array<f32>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> selected: array<u32>;
@group(0) @binding(3) var<storage, read_write> selectedState: array<vec2<u32>>;
@group(1) @binding(0) var<uniform> params: Params;
@group(1) @binding(1) var<storage, read> list: array<vec2<u32>>;

const threads = 64u;

var<workgroup> histogram: array<atomic<u32>, 256>;
// The bits of the threshold found so far, and how many pages are still to be taken from those that share them.
var<workgroup> prefix: u32;
var<workgroup> wanted: u32;
var<workgroup> ties: array<u32, threads>;
var<workgroup> taken: array<u32, threads>;

// Order of the floats as order of unsigned integers; NaN comes first, so that it is never chosen before a number.
fn key_of(score: f32) -> u32 {
  let bits = bitcast<u32>(score);
  if ((bits & 0x7fffffffu) > 0x7f800000u) {
    return 0u;
  }
  return select(bits | 0x80000000u, ~bits, bits >= 0x80000000u);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let pair = list[group.x];
  let row = rows[pair.x];
  let num_pages = (row.y >> 4u) + 1u;
  let first = group.x * params.maxPages;
  let list_index = params.firstList + row.x * params.kvHeads + pair.y;
  let count = min(params.budget, num_pages);

  if (thread == 0u) {
    prefix = 0u;
    wanted = count;
    selectedState[list_index] = vec2(count, num_pages);
  }
  for (var shift = 24; shift >= 0; shift -= 8) {
    for (var bin = thread; bin < 256u; bin += threads) {
      atomicStore(&histogram[bin], 0u);
    }
    workgroupBarrier();
    // Bits above the pass's own; none in the first, where a shift by 32 would be undefined.
    let mask = select(0xffffffffu << u32(shift + 8), 0u, shift == 24);
    for (var page = thread; page < num_pages; page += threads) {
      let key = key_of(scores[first + page]);
      if ((key & mask) == (prefix & mask)) {
        atomicAdd(&histogram[(key >> u32(shift)) & 255u], 1u);
      }
    }
    workgroupBarrier();
    if (thread == 0u) {
      var left = wanted;
      var bin = 255u;
      loop {
        let in_bin = atomicLoad(&histogram[bin]);
        if (in_bin >= left || bin == 0u) {
          break;
        }
        left -= in_bin;
        bin--;
      }
      prefix |= bin << u32(shift);
      wanted = left;
    }
    workgroupBarrier();
  }

  let threshold = workgroupUniformLoad(&prefix);
  let num_ties = workgroupUniformLoad(&wanted);
  let run = (num_pages + threads - 1u) / threads;
  let start = min(thread * run, num_pages);
  let end = min(start + run, num_pages);
  var above = 0u;
  var equal = 0u;
  for (var page = start; page < end; page++) {
    let key = key_of(scores[first + page]);
    above += u32(key > threshold);
    equal += u32(key == threshold);
  }
  ties[thread] = equal;
  taken[thread] = above;
  workgroupBarrier();
  if (thread == 0u) {
    var ties_before = 0u;
    var taken_before = 0u;
    for (var other = 0u; other < threads; other++) {
      // Ties go to the lower pages: a thread gets what the threads before it have left.
      let own_ties = min(ties[other], num_ties - min(ties_before, num_ties));
      ties_before += ties[other];
      ties[other] = own_ties;
      let own = taken[other] + own_ties;
      taken[other] = taken_before;
      taken_before += own;
    }
  }
  workgroupBarrier();
  var at = list_index * params.budget + taken[thread];
  var ties_left = ties[thread];
  for (var page = start; page < end; page++) {
    let key = key_of(scores[first + page]);
    let is_tie = key == threshold && ties_left > 0u;
    if (key > threshold || is_tie) {
      selected[at] = page;
      at++;
      ties_left -= u32(is_tie);
    }
  }
}
