// The result and bindings of digest-score without barriers and workgroup memory, an invocation a page: for adapters that are
// programs on the CPU, and the referee.
//
// Grid: [pages / 16, tasks, queries of the longest task]. After digest-score-bindings.

alias DigestWords = vec4<u32>;

// Levels of four channels, plus 10, as four bytes.
fn levels(words: vec4<u32>, field: u32) -> vec4<u32> {
  let code = words >> vec4(2u * field);
  return ((code >> vec4(1u)) & vec4(0x01010101u)) * 13u + (code & vec4(0x01010101u)) * 7u;
}

fn byte(words: vec4<u32>, index: u32) -> vec4<f32> {
  return vec4<f32>((words >> vec4(8u * index)) & vec4(255u));
}

fn codesOf(word: u32) -> vec4<f32> {
  return vec4<f32>((vec4(bitcast<i32>(word)) << vec4(24u, 16u, 8u, 0u)) >> vec4(24u));
}

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let task = list[group.y];
  let row = rows[task.x];
  let query = params.firstQuery + group.z;
  let kvHead = task.y;
  let page = group.x * 16u + thread;
  if (query >= select(task.z, row.w, task.z == 0u) || page >= row.y / 16u) {
    return;
  }
  let units = HEAD_DIM / 8u;
  let words = HEAD_DIM / 4u;
  let slot = summaryTable[row.x * params.maxPages + page];
  let digest = ((kvHead - params.firstKvHead) * params.numSummarySlots + slot) * (HEAD_DIM / 4u + 2u);
  let lowScales = digests[digest + 2u * units];
  let highScales = digests[digest + 2u * units + 1u];
  let ring = params.ringOffset + row.x * params.ringSize + select(row.z, 0u, task.z == 0u);
  let firstHead = ((ring + params.queryOffset + group.z) * params.kvHeads + kvHead) * GROUP;
  let result = ((params.firstTask + group.y) * params.numQueries + group.z) * GROUP;
  for (var head = 0u; head < GROUP; head++) {
    let start = (firstHead + head) * (words + 2u);
    // Of tokens 0, 2, 4, 6; 1, 3, 5, 7; and so on.
    var even0 = vec4(0.0);
    var odd0 = vec4(0.0);
    var even1 = vec4(0.0);
    var odd1 = vec4(0.0);
    for (var unit = 0u; unit < units; unit++) {
      let low = digests[digest + 2u * unit];
      let high = digests[digest + 2u * unit + 1u];
      for (var half = 0u; half < 2u; half++) {
        let code = codesOf(queries[start + 2u * unit + half]);
        let a = levels(low, half);
        let b = levels(low, half + 2u);
        let c = levels(high, half);
        let d = levels(high, half + 2u);
        for (var i = 0u; i < 4u; i++) {
          even0 += code[i] * byte(a, i);
          odd0 += code[i] * byte(b, i);
          even1 += code[i] * byte(c, i);
          odd1 += code[i] * byte(d, i);
        }
      }
    }
    let scale = bitcast<f32>(queries[start + words]) * 1.4426950408889634;
    let offset = 10.0 * f32(bitcast<i32>(queries[start + words + 1u]));
    let lowKeys = mat4x2(
      unpack2x16float(lowScales.x),
      unpack2x16float(lowScales.y),
      unpack2x16float(lowScales.z),
      unpack2x16float(lowScales.w),
    );
    let highKeys = mat4x2(
      unpack2x16float(highScales.x),
      unpack2x16float(highScales.y),
      unpack2x16float(highScales.z),
      unpack2x16float(highScales.w),
    );
    let l0 = (even0 - offset) * (vec4(lowKeys[0].x, lowKeys[1].x, lowKeys[2].x, lowKeys[3].x) * scale);
    let l1 = (odd0 - offset) * (vec4(lowKeys[0].y, lowKeys[1].y, lowKeys[2].y, lowKeys[3].y) * scale);
    let l2 = (even1 - offset) * (vec4(highKeys[0].x, highKeys[1].x, highKeys[2].x, highKeys[3].x) * scale);
    let l3 = (odd1 - offset) * (vec4(highKeys[0].y, highKeys[1].y, highKeys[2].y, highKeys[3].y) * scale);
    let tops = max(max(l0, l1), max(l2, l3));
    let top = max(max(tops.x, tops.y), max(tops.z, tops.w));
    let total = exp2(l0 - top) + exp2(l1 - top) + exp2(l2 - top) + exp2(l3 - top);
    logMasses[(result + head) * params.scoreStride + page] = top + log2(dot(total, vec4(1.0)));
  }
}
