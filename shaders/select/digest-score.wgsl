// logMasses[task, i, h, p] = log2 of the sum over the 16 tokens t of page p of 2^(log2(e) · scale · q_h · k_t): what page p weighs
// in a softmax, for query i of the task and query head h of its KV head, keys and query as their digests have them.
// For every page before the row's own.
//
// Grid: [pages / 16, tasks, queries of the longest task]; four invocations a page, four tokens each.
//   queries       [places, heads, HEAD_DIM / 4 + 2] u32 of select/rotate-queries
//   rows          [rows] (sequence, position, place of the row's query in its ring, number of queries there)
//   summaryTable  [sequences, maxPages] summary slots
//   digests       [KV heads of the slab, numSummarySlots, digest of cache/page-digest] u32
//   logMasses     [tasks, numQueries, GROUP, scoreStride] f32, from task firstTask on
//   list          [tasks] (row, KV head, number of queries, -): the row's own and those after it; 0: all of its ring
// Queries from firstQuery on, numQueries of them, the first of which is queryOffset behind where the task's begin.
// Sums of products are integers below 2^24: exact in f32, in any order.
// Limits: HEAD_DIM is a multiple of 8, at most 512. After digest-score-bindings.

alias DigestWords = vec2<u32>;

const threads = 64u;

// Codes of up to four query heads, one head after the other.
var<workgroup> codes: array<vec4<f32>, 512>;
// By invocation: largest logit of its tokens for each of the four heads, and the sum of 2^(logit - largest).
var<workgroup> largest: array<vec4<f32>, threads>;
var<workgroup> sums: array<vec4<f32>, threads>;

// Levels of four channels of a token, plus 10.
fn levels(word: u32, field: u32) -> vec4<f32> {
  let code = (word >> (2u * field)) & 0x03030303u;
  let level = ((code >> 1u) & 0x01010101u) * 13u + (code & 0x01010101u) * 7u;
  return vec4<f32>((vec4(level) >> vec4(0u, 8u, 16u, 24u)) & vec4(255u));
}

fn codesOf(word: u32) -> vec4<f32> {
  return vec4<f32>((vec4<i32>(bitcast<i32>(word)) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u));
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let task = list[group.y];
  let row = rows[task.x];
  let query = params.firstQuery + group.z;
  let kvHead = task.y;
  let lastPage = row.y / 16u;
  // The same for the whole workgroup.
  if (query >= select(task.z, row.w, task.z == 0u) || group.x * 16u >= lastPage) {
    return;
  }
  let page = group.x * 16u + thread / 4u;
  let quarter = thread % 4u;
  let units = HEAD_DIM / 8u;
  let words = HEAD_DIM / 4u;
  let slot = summaryTable[row.x * params.maxPages + min(page, lastPage - 1u)];
  let digest = ((kvHead - params.firstKvHead) * params.numSummarySlots + slot) * (HEAD_DIM / 2u + 4u);
  let scaleWords = digests[digest + HEAD_DIM / 2u + quarter];
  let keyScales = vec4(unpack2x16float(scaleWords.x), unpack2x16float(scaleWords.y));
  let ring = params.ringOffset + row.x * params.ringSize + select(row.z, 0u, task.z == 0u);
  let firstHead = ((ring + params.queryOffset + group.z) * params.kvHeads + kvHead) * GROUP;
  for (var block = 0u; block < GROUP; block += 4u) {
    let numHeads = min(4u, GROUP - block);
    for (var i = thread; i < numHeads * words; i += threads) {
      codes[i] = codesOf(queries[(firstHead + block + i / words) * (words + 2u) + i % words]);
    }
    workgroupBarrier();
    // By head: four tokens.
    var s0 = vec4(0.0);
    var s1 = vec4(0.0);
    var s2 = vec4(0.0);
    var s3 = vec4(0.0);
    for (var unit = 0u; unit < units; unit++) {
      let pair = digests[digest + 4u * unit + quarter];
      for (var half = 0u; half < 2u; half++) {
        // A column a token.
        let keys = mat4x4(
          levels(pair.x, half),
          levels(pair.x, half + 2u),
          levels(pair.y, half),
          levels(pair.y, half + 2u),
        );
        let at = 2u * unit + half;
        s0 += codes[at] * keys;
        if (GROUP > 1u) {
          s1 += codes[words + at] * keys;
        }
        if (GROUP > 2u) {
          s2 += codes[2u * words + at] * keys;
        }
        if (GROUP > 3u) {
          s3 += codes[3u * words + at] * keys;
        }
      }
    }
    var most = vec4(0.0);
    var sum = vec4(0.0);
    var products = array<vec4<f32>, 4>(s0, s1, s2, s3);
    for (var i = 0u; i < numHeads; i++) {
      let tail = (firstHead + block + i) * (words + 2u) + words;
      let offset = 10.0 * f32(bitcast<i32>(queries[tail + 1u]));
      let logits = (products[i] - offset) * (keyScales * (bitcast<f32>(queries[tail]) * 1.4426950408889634));
      let top = max(max(logits.x, logits.y), max(logits.z, logits.w));
      most[i] = top;
      sum[i] = dot(exp2(logits - top), vec4(1.0));
    }
    largest[thread] = most;
    sums[thread] = sum;
    workgroupBarrier();
    if (quarter == 0u && page < lastPage) {
      let top = max(max(largest[thread], largest[thread + 1u]), max(largest[thread + 2u], largest[thread + 3u]));
      var total = vec4(0.0);
      for (var i = 0u; i < 4u; i++) {
        total += sums[thread + i] * exp2(largest[thread + i] - top);
      }
      let mass = top + log2(total);
      let result = ((params.firstTask + group.y) * params.numQueries + group.z) * GROUP + block;
      for (var i = 0u; i < numHeads; i++) {
        logMasses[(result + i) * params.scoreStride + page] = mass[i];
      }
    }
  }
}
