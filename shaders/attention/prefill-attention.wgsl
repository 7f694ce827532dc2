// Flash-style causal attention of query rows over one KV tile, for each (row, query head) pair of a KV head's group:
//   s_t = scale · log2(e) · q · k_t,  m' = max(m, max_t s_t),  l' = 2^(m - m') l + sum_t 2^(s_t - m'),
//   acc' = 2^(m - m') acc + sum_t 2^(s_t - m') v_t
// over the keys t of the tile that the row sees (t <= its position, t > position - window), 32 keys at a time, in blocks
// aligned to absolute positions: so a row's result depends neither on the chunk nor on where tiles begin. A block that
// no row of a workgroup sees is skipped; one that a row does not see leaves its state as it is.
//
// Grid: [numRows · GROUP / 32 pairs, KV heads from firstKvHead on]. 8 x 8 invocations score four pairs by four keys each, then sum four pairs
// by four channels; queries, keys and values pass through workgroup memory in slices of 32 channels.
//   qkv           [segment rows, qkvStride] f32, as vec4
//   tile          [kvHeads, tilePages, 2, 16, HEAD_DIM] KvEight; its first page counts as page tileFirstPage of the sequence
//   attended      [segment rows, heads, HEAD_DIM] f32, as vec4: acc, or acc / l after the last tile
//   softmaxState  [segment rows, heads] (m, l)
// Limits: HEAD_DIM is a multiple of 8 and at most 256; tiles begin at multiples of 32 tokens.

struct Params {
  numRows: u32,
  firstRow: u32,
  firstPosition: u32,
  qkvStride: u32,
  kvHeads: u32,
  firstKvHead: u32,
  tileFirstPage: u32,
  tilePages: u32,
  tileTokens: u32,
  window: u32,
  isFirst: u32,
  isLast: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> tile: array<KvEight>;
@group(0) @binding(2) var<storage, read_write> attended: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> softmaxState: array<vec2<f32>>;
@group(0) @binding(16) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
const threads = 64u;
const lowest = -3.0e38;
// Eight vec4 of a row and one of padding, so that neighbouring rows lie in different banks.
const stride = 9u;

// A slice of the queries [32 pairs, 32 channels], then the block's weights [32 pairs, 32 keys].
var<workgroup> left: array<vec4<f32>, 32 * stride>;
// A slice of the keys or of the values [32 keys, 32 channels].
var<workgroup> right: array<vec4<f32>, 32 * stride>;
// Of each pair: the factor of what was summed before, at the end 1 / l.
var<workgroup> factors: array<f32, 32>;

fn positionOf(pair: u32) -> u32 {
  return params.firstPosition + pair / GROUP;
}

fn firstVisible(position: u32) -> u32 {
  if (params.window == 0u || position < params.window) {
    return 0u;
  }
  return position + 1u - params.window;
}

// Index of a pair's query head among the heads of all rows.
fn headOf(pair: u32, kvHead: u32) -> u32 {
  return (params.firstRow + pair / GROUP) * params.kvHeads * GROUP + kvHead * GROUP + pair % GROUP;
}

// Channels 32 · slice … of the block's keys (part 0) or values (part 1) to `right`; zeros for tokens from `end` on.
fn loadRight(thread: u32, kvHead: u32, block: u32, end: u32, slice: u32, part: u32) {
  let units = HEAD_DIM / 8u;
  for (var i = thread; i < 128u; i += threads) {
    let unit = slice * 4u + i % 4u;
    let token = block + i / 4u;
    var low = vec4(0.0);
    var high = vec4(0.0);
    if (unit < units && token < end) {
      let page = kvHead * params.tilePages + token / 16u - params.tileFirstPage;
      let eight = tile[((page * 2u + part) * 16u + token % 16u) * units + unit];
      low = kvLow(eight);
      high = kvHigh(eight);
    }
    right[(i / 4u) * stride + 2u * (i % 4u)] = low;
    right[(i / 4u) * stride + 2u * (i % 4u) + 1u] = high;
  }
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kvHead = params.firstKvHead + group.y;
  let numPairs = params.numRows * GROUP;
  let firstPair = group.x * 32u;
  let lastPair = min(firstPair + 31u, numPairs - 1u);
  if (firstPair >= numPairs) {
    return;
  }
  let quads = HEAD_DIM / 4u;
  let slices = (HEAD_DIM + 31u) / 32u;
  let column = thread % 8u;
  let firstOwn = (thread / 8u) * 4u;

  // Sums of this invocation: pairs firstOwn …, channels 4 · column … of each slice.
  var sums: array<vec4<f32>, 32>;
  for (var slice = 0u; slice < slices; slice++) {
    for (var i = 0u; i < 4u; i++) {
      let pair = firstPair + firstOwn + i;
      let quad = slice * 8u + column;
      sums[slice * 4u + i] = vec4(0.0);
      if (params.isFirst == 0u && pair < numPairs && quad < quads) {
        sums[slice * 4u + i] = attended[headOf(pair, kvHead) * quads + quad];
      }
    }
  }
  // State of pair firstPair + thread, for the first 32 invocations.
  var largest = lowest;
  var sum = 0.0;
  let ownPair = firstPair + thread;
  let hasPair = thread < 32u && ownPair < numPairs;
  if (hasPair && params.isFirst == 0u) {
    let state = softmaxState[headOf(ownPair, kvHead)];
    largest = state.x;
    sum = state.y;
  }

  let tileStart = params.tileFirstPage * 16u;
  let end = min(positionOf(lastPair) + 1u, tileStart + params.tileTokens);
  let begin = max(firstVisible(positionOf(firstPair)), tileStart) / 32u * 32u;
  for (var block = begin; block < end; block += 32u) {
    var s0 = vec4(0.0);
    var s1 = vec4(0.0);
    var s2 = vec4(0.0);
    var s3 = vec4(0.0);
    for (var slice = 0u; slice < slices; slice++) {
      workgroupBarrier();
      for (var i = thread; i < 256u; i += threads) {
        let pair = firstPair + i / 8u;
        let quad = slice * 8u + i % 8u;
        var query = vec4(0.0);
        if (pair < numPairs && quad < quads) {
          let row = params.firstRow + pair / GROUP;
          query = qkv[row * (params.qkvStride / 4u) + (kvHead * GROUP + pair % GROUP) * quads + quad];
        }
        left[(i / 8u) * stride + i % 8u] = query * (params.scale * 1.4426950408889634);
      }
      loadRight(thread, kvHead, block, end, slice, 0u);
      workgroupBarrier();
      // This invocation's keys are column, column + 8, column + 16, column + 24.
      for (var i = 0u; i < 8u; i++) {
        let keys = transpose(mat4x4(
          right[column * stride + i],
          right[(column + 8u) * stride + i],
          right[(column + 16u) * stride + i],
          right[(column + 24u) * stride + i],
        ));
        let q0 = left[firstOwn * stride + i];
        let q1 = left[(firstOwn + 1u) * stride + i];
        let q2 = left[(firstOwn + 2u) * stride + i];
        let q3 = left[(firstOwn + 3u) * stride + i];
        s0 = product(keys, q0, s0);
        s1 = product(keys, q1, s1);
        s2 = product(keys, q2, s2);
        s3 = product(keys, q3, s3);
      }
    }
    workgroupBarrier();
    left[firstOwn * stride + column] = s0;
    left[(firstOwn + 1u) * stride + column] = s1;
    left[(firstOwn + 2u) * stride + column] = s2;
    left[(firstOwn + 3u) * stride + column] = s3;
    workgroupBarrier();
    if (thread < 32u) {
      let position = positionOf(min(ownPair, numPairs - 1u));
      let firstKey = firstVisible(position);
      let previous = largest;
      for (var i = 0u; i < 8u; i++) {
        let keys = vec4(block + i) + vec4(0u, 8u, 16u, 24u);
        let isSeen = (keys >= vec4(firstKey)) & (keys <= vec4(position)) & (keys < vec4(end));
        let scores = select(vec4(lowest), left[thread * stride + i], isSeen);
        left[thread * stride + i] = scores;
        largest = max(largest, max(max(scores.x, scores.y), max(scores.z, scores.w)));
      }
      var added = vec4(0.0);
      for (var i = 0u; i < 8u; i++) {
        let scores = left[thread * stride + i];
        let weights = select(exp2(scores - largest), vec4(0.0), scores == vec4(lowest));
        left[thread * stride + i] = weights;
        added += weights;
      }
      let factor = select(exp2(previous - largest), 1.0, previous == largest);
      sum = fma(sum, factor, added.x + added.y + added.z + added.w);
      factors[thread] = factor;
    }
    for (var slice = 0u; slice < slices; slice++) {
      workgroupBarrier();
      loadRight(thread, kvHead, block, end, slice, 1u);
      workgroupBarrier();
      var a0 = sums[slice * 4u] * factors[firstOwn];
      var a1 = sums[slice * 4u + 1u] * factors[firstOwn + 1u];
      var a2 = sums[slice * 4u + 2u] * factors[firstOwn + 2u];
      var a3 = sums[slice * 4u + 3u] * factors[firstOwn + 3u];
      for (var i = 0u; i < 8u; i++) {
        let values = mat4x4(
          right[i * stride + column],
          right[(i + 8u) * stride + column],
          right[(i + 16u) * stride + column],
          right[(i + 24u) * stride + column],
        );
        a0 = product(values, left[firstOwn * stride + i], a0);
        a1 = product(values, left[(firstOwn + 1u) * stride + i], a1);
        a2 = product(values, left[(firstOwn + 2u) * stride + i], a2);
        a3 = product(values, left[(firstOwn + 3u) * stride + i], a3);
      }
      sums[slice * 4u] = a0;
      sums[slice * 4u + 1u] = a1;
      sums[slice * 4u + 2u] = a2;
      sums[slice * 4u + 3u] = a3;
    }
  }

  workgroupBarrier();
  if (thread < 32u) {
    factors[thread] = select(1.0, 1.0 / sum, params.isLast != 0u);
  }
  if (hasPair) {
    softmaxState[headOf(ownPair, kvHead)] = vec2(largest, sum);
  }
  workgroupBarrier();
  for (var slice = 0u; slice < slices; slice++) {
    for (var i = 0u; i < 4u; i++) {
      let pair = firstPair + firstOwn + i;
      let quad = slice * 8u + column;
      if (pair < numPairs && quad < quads) {
        attended[headOf(pair, kvHead) * quads + quad] = sums[slice * 4u + i] * factors[firstOwn + i];
      }
    }
  }
}

// acc + m · v, column by column.
fn product(m: mat4x4<f32>, v: vec4<f32>, acc: vec4<f32>) -> vec4<f32> {
  return fma(m[3], vec4(v.w), fma(m[2], vec4(v.z), fma(m[1], vec4(v.y), fma(m[0], vec4(v.x), acc))));
}
