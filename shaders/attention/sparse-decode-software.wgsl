// The formula, grid and bindings of sparse-decode, for adapters that are programs on a CPU: there a load costs as much as
// dozens of multiplications, workgroup memory is cleared byte by byte in every workgroup, and local arrays are slow. So four
// invocations take a page at a time and keep everything in variables: each scores four keys for four query heads, then
// sums 16 of 64 channels over the page's values. Wider heads are scored anew for each 64 channels.
// Limits: HEAD_DIM is a multiple of 8.

struct Params {
  numRows: u32,
  qkvStride: u32,
  kvHeads: u32,
  firstKvHead: u32,
  tableOffset: u32,
  maxPages: u32,
  listOffset: u32,
  listCapacity: u32,
  window: u32,
  splits: u32,
  maxSplits: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> pool: array<PoolWord>;
@group(0) @binding(2) var<storage, read> blockTable: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> listState: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read> lists: array<u32>;
@group(0) @binding(6) var<storage, read_write> partials: array<vec4<f32>>;
@group(0) @binding(16) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
const lowest = -3.0e38;

// Scores of a page's 16 keys for four heads, and the largest of each invocation's four.
var<workgroup> scores: array<vec4<f32>, 16>;
var<workgroup> maxima: array<vec4<f32>, 4>;

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kvHead = params.firstKvHead + group.y;
  let row = rows[group.z];
  let list = pageList(row.x, kvHead, row.y);
  if (group.x >= list.numSplits) {
    return;
  }
  let numTasks = ((GROUP + 3u) / 4u) * ((HEAD_DIM + 63u) / 64u);
  for (var task = 0u; task < numTasks; task++) {
    let blocks = (GROUP + 3u) / 4u;
    attend(group, row.xy, list, thread, (task % blocks) * 4u, (task / blocks) * 8u);
  }
}

// Query heads block … block + 3 of the group, units firstUnit … firstUnit + 7.
fn attend(group: vec3<u32>, row: vec2<u32>, list: PageList, thread: u32, block: u32, firstUnit: u32) {
  let kvHead = params.firstKvHead + group.y;
  let position = row.y;
  let firstKey = firstVisible(position);
  let units = HEAD_DIM / 8u;
  let firstEntry = (list.firstSplit + group.x) * list.pagesPerSplit;
  let endEntry = min(firstEntry + list.pagesPerSplit, list.numEntries);
  let firstHead = kvHead * GROUP + block;
  let numHeads = min(GROUP - block, 4u);
  let query = group.z * (params.qkvStride / 4u) + firstHead * 2u * units;
  let q1 = min(1u, numHeads - 1u) * 2u * units;
  let q2 = min(2u, numHeads - 1u) * 2u * units;
  let q3 = min(3u, numHeads - 1u) * 2u * units;
  let unitA = min(firstUnit + thread, units - 1u);
  let unitB = min(firstUnit + 4u + thread, units - 1u);

  var largest = vec4(lowest);
  var sum = vec4(0.0);
  var a0 = vec4(0.0);
  var a1 = vec4(0.0);
  var a2 = vec4(0.0);
  var a3 = vec4(0.0);
  var b0 = vec4(0.0);
  var b1 = vec4(0.0);
  var b2 = vec4(0.0);
  var b3 = vec4(0.0);
  var c0 = vec4(0.0);
  var c1 = vec4(0.0);
  var c2 = vec4(0.0);
  var c3 = vec4(0.0);
  var d0 = vec4(0.0);
  var d1 = vec4(0.0);
  var d2 = vec4(0.0);
  var d3 = vec4(0.0);
  for (var entry = firstEntry; entry < endEntry; entry++) {
    var page = list.tailStart + entry - list.count;
    if (entry < list.count) {
      page = lists[listIndex(row.x, kvHead) * params.listCapacity + entry];
    }
    let pageStart = page * 16u;
    if (pageStart + 15u < firstKey) {
      continue;
    }
    let slot = blockTable[params.tableOffset + (row.x * params.kvHeads + kvHead) * params.maxPages + page];
    var s0 = vec4(0.0);
    var s1 = vec4(0.0);
    var s2 = vec4(0.0);
    var s3 = vec4(0.0);
    for (var unit = 0u; unit < units; unit++) {
      let keys = poolKeys(slot, 4u * thread, unit);
      let at = query + 2u * unit;
      s0 += qkv[at] * keys.low + qkv[at + 1u] * keys.high;
      if (GROUP > 1u) {
        s1 += qkv[at + q1] * keys.low + qkv[at + q1 + 1u] * keys.high;
      }
      if (GROUP > 2u) {
        s2 += qkv[at + q2] * keys.low + qkv[at + q2 + 1u] * keys.high;
        s3 += qkv[at + q3] * keys.low + qkv[at + q3 + 1u] * keys.high;
      }
    }
    // From the four keys of each head to the four heads of each key.
    let scaled = transpose(mat4x4(s0, s1, s2, s3)) * (params.scale * 1.4426950408889634);
    let positions = vec4(pageStart + 4u * thread) + vec4(0u, 1u, 2u, 3u);
    let isSeen = (positions >= vec4(firstKey)) & (positions <= vec4(position));
    let t0 = select(vec4(lowest), capped(scaled[0]), isSeen.x);
    let t1 = select(vec4(lowest), capped(scaled[1]), isSeen.y);
    let t2 = select(vec4(lowest), capped(scaled[2]), isSeen.z);
    let t3 = select(vec4(lowest), capped(scaled[3]), isSeen.w);
    workgroupBarrier();
    scores[4u * thread] = t0;
    scores[4u * thread + 1u] = t1;
    scores[4u * thread + 2u] = t2;
    scores[4u * thread + 3u] = t3;
    maxima[thread] = max(max(t0, t1), max(t2, t3));
    workgroupBarrier();

    let previous = largest;
    for (var i = 0u; i < 4u; i++) {
      largest = max(largest, maxima[i]);
    }
    let decay = exp2(previous - largest);
    sum *= decay;
    a0 *= decay.x;
    b0 *= decay.x;
    c0 *= decay.x;
    d0 *= decay.x;
    if (GROUP > 1u) {
      a1 *= decay.y;
      b1 *= decay.y;
      c1 *= decay.y;
      d1 *= decay.y;
    }
    if (GROUP > 2u) {
      a2 *= decay.z;
      b2 *= decay.z;
      c2 *= decay.z;
      d2 *= decay.z;
      a3 *= decay.w;
      b3 *= decay.w;
      c3 *= decay.w;
      d3 *= decay.w;
    }
    // Tokens after the row's own were perhaps never written, and nothing times infinity is not nothing.
    let endToken = min(position + 1u - pageStart, 16u);
    for (var token = 0u; token < endToken; token++) {
      let score = scores[token];
      let weight = select(exp2(score - largest), vec4(0.0), score == vec4(lowest));
      sum += weight;
      let first = poolValue(slot, token, unitA);
      a0 = fma(vec4(weight.x), first.low, a0);
      b0 = fma(vec4(weight.x), first.high, b0);
      if (GROUP > 1u) {
        a1 = fma(vec4(weight.y), first.low, a1);
        b1 = fma(vec4(weight.y), first.high, b1);
      }
      if (GROUP > 2u) {
        a2 = fma(vec4(weight.z), first.low, a2);
        b2 = fma(vec4(weight.z), first.high, b2);
        a3 = fma(vec4(weight.w), first.low, a3);
        b3 = fma(vec4(weight.w), first.high, b3);
      }
      if (HEAD_DIM > 32u) {
        let second = poolValue(slot, token, unitB);
        c0 = fma(vec4(weight.x), second.low, c0);
        d0 = fma(vec4(weight.x), second.high, d0);
        if (GROUP > 1u) {
          c1 = fma(vec4(weight.y), second.low, c1);
          d1 = fma(vec4(weight.y), second.high, d1);
        }
        if (GROUP > 2u) {
          c2 = fma(vec4(weight.z), second.low, c2);
          d2 = fma(vec4(weight.z), second.high, d2);
          c3 = fma(vec4(weight.w), second.low, c3);
          d3 = fma(vec4(weight.w), second.high, d3);
        }
      }
    }
  }

  let values = array(a0, b0, c0, d0, a1, b1, c1, d1, a2, b2, c2, d2, a3, b3, c3, d3);
  for (var head = 0u; head < numHeads; head++) {
    let rowHead = group.z * params.kvHeads * GROUP + firstHead + head;
    let start = (rowHead * params.maxSplits + group.x) * (2u * units + 1u);
    if (thread == 0u) {
      partials[start] = vec4(largest[head], sum[head], 0.0, 0.0);
    }
    for (var i = 0u; i < 4u; i++) {
      let unit = firstUnit + thread + 4u * (i / 2u);
      if (unit < units) {
        partials[start + 1u + 2u * unit + i % 2u] = values[4u * head + i];
      }
    }
  }
}
