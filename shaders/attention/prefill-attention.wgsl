// Flash-style causal attention of query rows over one KV tile, for each (row, query head) pair of a KV head's group:
//   s_t = scale · log2(e) · q · k_t,  m' = max(m, max_t s_t),  l' = 2^(m - m') l + sum_t 2^(s_t - m'),
//   acc' = 2^(m - m') acc + sum_t 2^(s_t - m') v_t
// over the keys t of the tile that the row sees (t <= its position, t > position - window), 32 keys at a time, in blocks
// aligned to absolute positions: so a row's result depends neither on the chunk nor on where tiles begin. A block that
// no row of a workgroup sees is skipped; one that a row does not see leaves its state as it is.
//
// Grid: [numRows · GROUP / 64 pairs, KV heads from firstKvHead on]. 16 teams of 8 invocations have four pairs each: an invocation
// scores them by four keys, then sums them by four channels, and all of a team know m and l. Queries, keys and values pass through
// workgroup memory in slices of 32 channels; while one is used, the next is on its way from memory to registers.
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
override slices: u32 = (HEAD_DIM + 31u) / 32u;
const threads = 128u;
const groupPairs = 64u;
const lowest = -3.0e38;
// Eight vec4 of a row and one of padding, so that neighbouring rows lie in different banks.
const stride = 9u;

// A slice of the queries [64 pairs, 32 channels], then the block's weights [64 pairs, 32 keys].
var<workgroup> left: array<vec4<f32>, groupPairs * stride>;
// A slice of the keys or of the values [32 keys, 32 channels].
var<workgroup> right: array<vec4<f32>, 32 * stride>;
// The largest score of each of a team's pairs that each of its invocations has.
var<workgroup> largestOf: array<vec4<f32>, threads>;

// This invocation's part of a slice of queries and keys, or of values, on its way.
struct Loaded {
  q0: vec4<f32>,
  q1: vec4<f32>,
  q2: vec4<f32>,
  q3: vec4<f32>,
  eight: KvEight,
}

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

// The first vector of a pair's query.
fn queryOf(pair: u32, kvHead: u32) -> u32 {
  let row = params.firstRow + pair / GROUP;
  return row * (params.qkvStride / 4u) + (kvHead * GROUP + pair % GROUP) * (HEAD_DIM / 4u);
}

// A block has 2 · slices steps: slices of keys and queries, those that begin at `queries`, then slices of values. The step after the
// last is the next block's first. Zeros for tokens from `end` on and channels beyond the last.
fn load(thread: u32, kvHead: u32, queries: vec4<u32>, end: u32, block: u32, step: u32) -> Loaded {
  let units = HEAD_DIM / 8u;
  let part = step / slices % 2u;
  let slice = step % slices;
  var loaded: Loaded;
  let quad = slice * 8u + thread % 8u;
  if (part == 0u && quad < 2u * units) {
    loaded.q0 = qkv[queries.x + quad];
    loaded.q1 = qkv[queries.y + quad];
    loaded.q2 = qkv[queries.z + quad];
    loaded.q3 = qkv[queries.w + quad];
  }
  let token = block + step / (2u * slices) * 32u + thread / 4u;
  let unit = slice * 4u + thread % 4u;
  if (unit < units && token < end) {
    let page = kvHead * params.tilePages + token / 16u - params.tileFirstPage;
    loaded.eight = tile[((page * 2u + part) * 16u + token % 16u) * units + unit];
  }
  return loaded;
}

fn storeEight(thread: u32, eight: KvEight) {
  let place = (thread / 4u) * stride + 2u * (thread % 4u);
  right[place] = kvLow(eight);
  right[place + 1u] = kvHigh(eight);
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kvHead = params.firstKvHead + group.y;
  let numPairs = params.numRows * GROUP;
  let firstPair = group.x * groupPairs;
  let lastPair = min(firstPair + groupPairs - 1u, numPairs - 1u);
  if (firstPair >= numPairs) {
    return;
  }
  let quads = HEAD_DIM / 4u;
  let column = thread % 8u;
  let team = thread / 8u;
  let firstOwn = 4u * team;
  // Own pairs; beyond the last that one again, which is not stored then.
  let own = min(vec4(firstPair + firstOwn) + vec4(0u, 1u, 2u, 3u), vec4(lastPair));

  // Sums of this invocation: own pairs, channels 4 · column … of each slice. Largest scores and sums of weights: own pairs.
  var sums: array<vec4<f32>, 32>;
  var largest = vec4(lowest);
  var total = vec4(0.0);
  if (params.isFirst == 0u) {
    for (var i = 0u; i < 4u; i++) {
      let head = headOf(own[i], kvHead);
      let state = softmaxState[head];
      largest[i] = state.x;
      total[i] = state.y;
      for (var slice = 0u; slice < slices; slice++) {
        let quad = slice * 8u + column;
        if (quad < quads) {
          sums[slice * 4u + i] = attended[head * quads + quad];
        }
      }
    }
  }

  let tileStart = params.tileFirstPage * 16u;
  let end = min(positionOf(lastPair) + 1u, tileStart + params.tileTokens);
  let begin = max(firstVisible(positionOf(firstPair)), tileStart) / 32u * 32u;
  // Keys of [allFrom, allTo) are seen by every pair.
  let allFrom = firstVisible(positionOf(lastPair));
  let allTo = min(positionOf(firstPair) + 1u, end);
  // Pairs whose queries this invocation loads are 16 apart.
  let loads = min(vec4(firstPair + team) + vec4(0u, 16u, 32u, 48u), vec4(lastPair));
  let queries = vec4(
    queryOf(loads.x, kvHead),
    queryOf(loads.y, kvHead),
    queryOf(loads.z, kvHead),
    queryOf(loads.w, kvHead),
  );
  let queryScale = params.scale * 1.4426950408889634;
  var loaded = load(thread, kvHead, queries, end, begin, 0u);
  for (var block = begin; block < end; block += 32u) {
    var s0 = vec4(0.0);
    var s1 = vec4(0.0);
    var s2 = vec4(0.0);
    var s3 = vec4(0.0);
    for (var slice = 0u; slice < slices; slice++) {
      workgroupBarrier();
      let place = team * stride + column;
      left[place] = loaded.q0 * queryScale;
      left[place + 16u * stride] = loaded.q1 * queryScale;
      left[place + 32u * stride] = loaded.q2 * queryScale;
      left[place + 48u * stride] = loaded.q3 * queryScale;
      storeEight(thread, loaded.eight);
      workgroupBarrier();
      loaded = load(thread, kvHead, queries, end, block, slice + 1u);
      // This invocation's keys are column, column + 8, column + 16, column + 24.
      for (var i = 0u; i < 8u; i++) {
        let keys = transpose(mat4x4(
          right[column * stride + i],
          right[(column + 8u) * stride + i],
          right[(column + 16u) * stride + i],
          right[(column + 24u) * stride + i],
        ));
        s0 = product(keys, left[firstOwn * stride + i], s0);
        s1 = product(keys, left[(firstOwn + 1u) * stride + i], s1);
        s2 = product(keys, left[(firstOwn + 2u) * stride + i], s2);
        s3 = product(keys, left[(firstOwn + 3u) * stride + i], s3);
      }
    }
    s0 = capped(s0);
    s1 = capped(s1);
    s2 = capped(s2);
    s3 = capped(s3);
    if (block < allFrom || block + 32u > allTo) {
      s0 = seenOf(s0, own.x, block + column, end);
      s1 = seenOf(s1, own.y, block + column, end);
      s2 = seenOf(s2, own.z, block + column, end);
      s3 = seenOf(s3, own.w, block + column, end);
    }
    largestOf[thread] = vec4(greatest(s0), greatest(s1), greatest(s2), greatest(s3));
    workgroupBarrier();
    let previous = largest;
    for (var i = 0u; i < 8u; i++) {
      largest = max(largest, largestOf[8u * team + i]);
    }
    let factor = select(exp2(previous - largest), vec4(1.0), previous == largest);
    left[firstOwn * stride + column] = weightsOf(s0, largest.x);
    left[(firstOwn + 1u) * stride + column] = weightsOf(s1, largest.y);
    left[(firstOwn + 2u) * stride + column] = weightsOf(s2, largest.z);
    left[(firstOwn + 3u) * stride + column] = weightsOf(s3, largest.w);
    var added0 = vec4(0.0);
    var added1 = vec4(0.0);
    var added2 = vec4(0.0);
    var added3 = vec4(0.0);
    for (var slice = 0u; slice < slices; slice++) {
      workgroupBarrier();
      storeEight(thread, loaded.eight);
      workgroupBarrier();
      loaded = load(thread, kvHead, queries, end, block, slices + slice + 1u);
      var a0 = sums[slice * 4u] * factor.x;
      var a1 = sums[slice * 4u + 1u] * factor.y;
      var a2 = sums[slice * 4u + 2u] * factor.z;
      var a3 = sums[slice * 4u + 3u] * factor.w;
      for (var i = 0u; i < 8u; i++) {
        let values = mat4x4(
          right[i * stride + column],
          right[(i + 8u) * stride + column],
          right[(i + 16u) * stride + column],
          right[(i + 24u) * stride + column],
        );
        let w0 = left[firstOwn * stride + i];
        let w1 = left[(firstOwn + 1u) * stride + i];
        let w2 = left[(firstOwn + 2u) * stride + i];
        let w3 = left[(firstOwn + 3u) * stride + i];
        a0 = product(values, w0, a0);
        a1 = product(values, w1, a1);
        a2 = product(values, w2, a2);
        a3 = product(values, w3, a3);
        if (slice == 0u) {
          added0 += w0;
          added1 += w1;
          added2 += w2;
          added3 += w3;
        }
      }
      sums[slice * 4u] = a0;
      sums[slice * 4u + 1u] = a1;
      sums[slice * 4u + 2u] = a2;
      sums[slice * 4u + 3u] = a3;
    }
    total = fma(total, factor, vec4(sumOf(added0), sumOf(added1), sumOf(added2), sumOf(added3)));
  }

  for (var i = 0u; i < 4u; i++) {
    if (firstPair + firstOwn + i >= numPairs) {
      break;
    }
    let head = headOf(own[i], kvHead);
    let factor = select(1.0, 1.0 / total[i], params.isLast != 0u);
    if (column == 0u) {
      softmaxState[head] = vec2(largest[i], total[i]);
    }
    for (var slice = 0u; slice < slices; slice++) {
      let quad = slice * 8u + column;
      if (quad < quads) {
        attended[head * quads + quad] = sums[slice * 4u + i] * factor;
      }
    }
  }
}

// Scores of the keys first, first + 8, first + 16, first + 24, the lowest for those that a pair does not see.
fn seenOf(scores: vec4<f32>, pair: u32, first: u32, end: u32) -> vec4<f32> {
  let position = positionOf(pair);
  let keys = vec4(first) + vec4(0u, 8u, 16u, 24u);
  let isSeen = (keys >= vec4(firstVisible(position))) & (keys <= vec4(position)) & (keys < vec4(end));
  return select(vec4(lowest), scores, isSeen);
}

fn weightsOf(scores: vec4<f32>, largest: f32) -> vec4<f32> {
  return select(exp2(scores - largest), vec4(0.0), scores == vec4(lowest));
}

fn greatest(v: vec4<f32>) -> f32 {
  return max(max(v.x, v.y), max(v.z, v.w));
}

fn sumOf(v: vec4<f32>) -> f32 {
  return v.x + v.y + v.z + v.w;
}

// acc + m · v, column by column.
fn product(m: mat4x4<f32>, v: vec4<f32>, acc: vec4<f32>) -> vec4<f32> {
  return fma(m[3], vec4(v.w), fma(m[2], vec4(v.z), fma(m[1], vec4(v.y), fma(m[0], vec4(v.x), acc))));
}
