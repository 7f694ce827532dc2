// The formula, grid and bindings of prefill-attention, for adapters that are programs on a CPU: there a load costs as much
// as dozens of multiplications, a barrier as much as thousands, and local arrays are slow. So each of 16 invocations
// takes four pairs for itself, eight keys at a time in variables, and keeps its sums in `attended`.
// Limits: HEAD_DIM is a multiple of 8; tiles begin at multiples of 16 tokens.

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
const lowest = -3.0e38;

// Index of a pair's query head among all heads of all rows.
fn headOf(pair: u32, kvHead: u32) -> u32 {
  let row = params.firstRow + pair / GROUP;
  return row * params.kvHeads * GROUP + kvHead * GROUP + pair % GROUP;
}

// First vec4 of a pair's query.
fn queryOf(pair: u32, kvHead: u32) -> u32 {
  let row = params.firstRow + pair / GROUP;
  return row * (params.qkvStride / 4u) + (kvHead * GROUP + pair % GROUP) * (HEAD_DIM / 4u);
}

fn stateOf(head: u32) -> vec2<f32> {
  if (params.isFirst != 0u) {
    return vec2(lowest, 0.0);
  }
  return softmaxState[head];
}

@compute @workgroup_size(16)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kvHead = params.firstKvHead + group.y;
  let numPairs = params.numRows * GROUP;
  let pair = group.x * 64u + thread * 4u;
  if (pair >= numPairs) {
    return;
  }
  // Pairs beyond the last are its copies: they compute the same, and write the same.
  let pairs = min(vec4(pair) + vec4(0u, 1u, 2u, 3u), vec4(numPairs - 1u));
  let heads = vec4(
    headOf(pairs.x, kvHead),
    headOf(pairs.y, kvHead),
    headOf(pairs.z, kvHead),
    headOf(pairs.w, kvHead),
  );
  let queries = vec4(
    queryOf(pairs.x, kvHead),
    queryOf(pairs.y, kvHead),
    queryOf(pairs.z, kvHead),
    queryOf(pairs.w, kvHead),
  );
  let positions = params.firstPosition + pairs / GROUP;
  let firstKeys = select(vec4(0u), positions + 1u - params.window, positions >= vec4(params.window)) * min(params.window, 1u);
  let units = HEAD_DIM / 8u;
  let results = heads * 2u * units;
  let x0 = stateOf(heads.x);
  let x1 = stateOf(heads.y);
  let x2 = stateOf(heads.z);
  let x3 = stateOf(heads.w);
  var largest = vec4(x0.x, x1.x, x2.x, x3.x);
  var sum = vec4(x0.y, x1.y, x2.y, x3.y);
  if (params.isFirst != 0u) {
    for (var i = 0u; i < 2u * units; i++) {
      attended[results.x + i] = vec4(0.0);
      attended[results.y + i] = vec4(0.0);
      attended[results.z + i] = vec4(0.0);
      attended[results.w + i] = vec4(0.0);
    }
  }

  let tileStart = params.tileFirstPage * 16u;
  let end = min(positions.w + 1u, tileStart + params.tileTokens);
  let begin = max(firstKeys.x, tileStart) / 8u * 8u;
  for (var key = begin; key < end; key += 8u) {
    let page = kvHead * params.tilePages + key / 16u - params.tileFirstPage;
    let pageStart = page * 32u * units;
    // Tokens from `end` on were perhaps never written, and nothing times infinity is not nothing.
    let tokens = (min(vec4(key) + vec4(0u, 1u, 2u, 3u), vec4(end - 1u)) & vec4(15u)) * units + pageStart;
    let later = (min(vec4(key) + vec4(4u, 5u, 6u, 7u), vec4(end - 1u)) & vec4(15u)) * units + pageStart;

    var s0 = vec4(0.0);
    var s1 = vec4(0.0);
    var s2 = vec4(0.0);
    var s3 = vec4(0.0);
    var t0 = vec4(0.0);
    var t1 = vec4(0.0);
    var t2 = vec4(0.0);
    var t3 = vec4(0.0);
    for (var unit = 0u; unit < units; unit++) {
      let k0 = tile[tokens.x + unit];
      let k1 = tile[tokens.y + unit];
      let k2 = tile[tokens.z + unit];
      let k3 = tile[tokens.w + unit];
      let k4 = tile[later.x + unit];
      let k5 = tile[later.y + unit];
      let k6 = tile[later.z + unit];
      let k7 = tile[later.w + unit];
      let low = mat4x4(kvLow(k0), kvLow(k1), kvLow(k2), kvLow(k3));
      let high = mat4x4(kvHigh(k0), kvHigh(k1), kvHigh(k2), kvHigh(k3));
      let lowLater = mat4x4(kvLow(k4), kvLow(k5), kvLow(k6), kvLow(k7));
      let highLater = mat4x4(kvHigh(k4), kvHigh(k5), kvHigh(k6), kvHigh(k7));
      let q0 = qkv[queries.x + 2u * unit];
      let q1 = qkv[queries.y + 2u * unit];
      let q2 = qkv[queries.z + 2u * unit];
      let q3 = qkv[queries.w + 2u * unit];
      let r0 = qkv[queries.x + 2u * unit + 1u];
      let r1 = qkv[queries.y + 2u * unit + 1u];
      let r2 = qkv[queries.z + 2u * unit + 1u];
      let r3 = qkv[queries.w + 2u * unit + 1u];
      s0 += q0 * low + r0 * high;
      s1 += q1 * low + r1 * high;
      s2 += q2 * low + r2 * high;
      s3 += q3 * low + r3 * high;
      t0 += q0 * lowLater + r0 * highLater;
      t1 += q1 * lowLater + r1 * highLater;
      t2 += q2 * lowLater + r2 * highLater;
      t3 += q3 * lowLater + r3 * highLater;
    }
    s0 = masked(s0, key, firstKeys.x, min(positions.x + 1u, end));
    s1 = masked(s1, key, firstKeys.y, min(positions.y + 1u, end));
    s2 = masked(s2, key, firstKeys.z, min(positions.z + 1u, end));
    s3 = masked(s3, key, firstKeys.w, min(positions.w + 1u, end));
    t0 = masked(t0, key + 4u, firstKeys.x, min(positions.x + 1u, end));
    t1 = masked(t1, key + 4u, firstKeys.y, min(positions.y + 1u, end));
    t2 = masked(t2, key + 4u, firstKeys.z, min(positions.z + 1u, end));
    t3 = masked(t3, key + 4u, firstKeys.w, min(positions.w + 1u, end));
    let previous = largest;
    let m = mat4x4(max(s0, t0), max(s1, t1), max(s2, t2), max(s3, t3));
    let columns = transpose(m);
    largest = max(largest, max(max(columns[0], columns[1]), max(columns[2], columns[3])));
    let decay = exp2(previous - largest);
    let p0 = weight(s0, largest.x);
    let p1 = weight(s1, largest.y);
    let p2 = weight(s2, largest.z);
    let p3 = weight(s3, largest.w);
    let o0 = weight(t0, largest.x);
    let o1 = weight(t1, largest.y);
    let o2 = weight(t2, largest.z);
    let o3 = weight(t3, largest.w);
    let added = vec4(1.0) * mat4x4(p0 + o0, p1 + o1, p2 + o2, p3 + o3);
    sum = fma(sum, decay, added);

    let values = tokens + 16u * units;
    let laterValues = later + 16u * units;
    for (var unit = 0u; unit < units; unit++) {
      let v0 = tile[values.x + unit];
      let v1 = tile[values.y + unit];
      let v2 = tile[values.z + unit];
      let v3 = tile[values.w + unit];
      let v4 = tile[laterValues.x + unit];
      let v5 = tile[laterValues.y + unit];
      let v6 = tile[laterValues.z + unit];
      let v7 = tile[laterValues.w + unit];
      let low = mat4x4(kvLow(v0), kvLow(v1), kvLow(v2), kvLow(v3));
      let high = mat4x4(kvHigh(v0), kvHigh(v1), kvHigh(v2), kvHigh(v3));
      let lowLater = mat4x4(kvLow(v4), kvLow(v5), kvLow(v6), kvLow(v7));
      let highLater = mat4x4(kvHigh(v4), kvHigh(v5), kvHigh(v6), kvHigh(v7));
      let at = results + 2u * unit;
      // All are read before any is written: copies of the last pair must not add twice.
      let a0 = attended[at.x];
      let a1 = attended[at.y];
      let a2 = attended[at.z];
      let a3 = attended[at.w];
      let b0 = attended[at.x + 1u];
      let b1 = attended[at.y + 1u];
      let b2 = attended[at.z + 1u];
      let b3 = attended[at.w + 1u];
      attended[at.x] = a0 * decay.x + (low * p0 + lowLater * o0);
      attended[at.y] = a1 * decay.y + (low * p1 + lowLater * o1);
      attended[at.z] = a2 * decay.z + (low * p2 + lowLater * o2);
      attended[at.w] = a3 * decay.w + (low * p3 + lowLater * o3);
      attended[at.x + 1u] = b0 * decay.x + (high * p0 + highLater * o0);
      attended[at.y + 1u] = b1 * decay.y + (high * p1 + highLater * o1);
      attended[at.z + 1u] = b2 * decay.z + (high * p2 + highLater * o2);
      attended[at.w + 1u] = b3 * decay.w + (high * p3 + highLater * o3);
    }
  }

  softmaxState[heads.x] = vec2(largest.x, sum.x);
  softmaxState[heads.y] = vec2(largest.y, sum.y);
  softmaxState[heads.z] = vec2(largest.z, sum.z);
  softmaxState[heads.w] = vec2(largest.w, sum.w);
  if (params.isLast != 0u) {
    for (var i = 0u; i < 4u; i++) {
      if (pair + i < numPairs) {
        for (var quad = 0u; quad < 2u * units; quad++) {
          attended[results[i] + quad] /= sum[i];
        }
      }
    }
  }
}

// Scores of four keys from `key` on in log2 units, those outside [begin, end) at `lowest`.
fn masked(scores: vec4<f32>, key: u32, begin: u32, end: u32) -> vec4<f32> {
  let keys = vec4(key) + vec4(0u, 1u, 2u, 3u);
  let isSeen = (keys >= vec4(begin)) & (keys < vec4(end));
  return select(vec4(lowest), capped(scores * (params.scale * 1.4426950408889634)), isSeen);
}

fn weight(scores: vec4<f32>, largest: f32) -> vec4<f32> {
  return select(exp2(scores - largest), vec4(0.0), scores == vec4(lowest));
}
