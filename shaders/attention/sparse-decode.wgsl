// Split-K decode attention over a list of pages: for one (row, KV head, split) and each query head h of the group
//   s_t = scale · log2(e) · q_h · k_t,  m = max_t s_t,  l = sum_t 2^(s_t - m),  acc = sum_t 2^(s_t - m) v_t
// over the split's keys t that the row sees. lib/kv-page-list says which pages a split has.
//
// Grid: [maxSplits, KV heads of the slab, rows]; splits beyond a row's own return at once. A step of one token is short of
// work for a GPU, so that what counts is how often it waits for memory: lists are cut into many splits, up to eight query heads
// are attended together, eight invocations share the scores of four keys, and neighbours read neighbouring words.
//   qkv         [rows, qkvStride] f32, as vec4
//   pool        [slots, page] PoolWord: lib/kv-pool or lib/kv-pool-int8
//   blockTable  [layers, sequences, kvHeads, maxPages] slots, the layer's from tableOffset on
//   rows        [rows] (sequence, position, -, -)
//   listState   [layers, sequences, kvHeads] (count, tailStart), the layer's from listOffset on
//   lists       [layers, sequences, kvHeads, listCapacity] PageIndex, ascending
//   partials    [rows, heads, maxSplits, 1 + HEAD_DIM / 4] vec4<f32>: (m, l, -, -), acc
// Limits: HEAD_DIM is a multiple of 8 and at most 512.

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
// Query heads that are attended together, and how many quads they are.
override HEADS: u32 = min(GROUP, clamp(1024u / HEAD_DIM, 1u, 8u));
override headQuads: u32 = (HEADS + 3u) / 4u;
override numScores: u32 = headQuads * 256u;
// Passes of up to four heads share their sums by turns in two places, so that one barrier is enough for a pass.
override numPlaces: u32 = select(1u, 2u, headQuads == 1u);
override numShares: u32 = numPlaces * placeStride;
const threads = 64u;
const lanes = 8u;
const keysPerPass = 32u;
// Of a lane's sums of a pass, odd for the sake of banks.
const laneStride = 33u;
const placeStride = lanes * laneStride;
// Values that an invocation has on their way at the same time.
const valuesPerPass = 4u;
const lowest = -3.0e38;

// Slot and first position of each page of the split.
var<workgroup> pages: array<vec2<u32>, maxPagesPerSplit>;
// Scores, then weights, of each key for four heads: [head quads, 256 keys].
var<workgroup> scores: array<vec4<f32>, numScores>;
// For four heads: sums of the lanes of each key, maxima of every 32nd key; then sums of four channels of each invocation.
var<workgroup> shares: array<vec4<f32>, numShares>;
// For four heads: sums of the weights of each slice of the keys.
var<workgroup> sums: array<vec4<f32>, 32>;
var<workgroup> maxima: array<vec4<f32>, 2>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.z;
  let kvHead = params.firstKvHead + group.y;
  let sequence = rows[row].x;
  let position = rows[row].y;
  let list = pageList(sequence, kvHead, position);
  if (group.x >= list.numSplits) {
    return;
  }
  let firstEntry = (list.firstSplit + group.x) * list.pagesPerSplit;
  let numPages = min(list.numEntries - firstEntry, list.pagesPerSplit);
  let numKeys = numPages * 16u;
  if (thread < numPages) {
    let entry = firstEntry + thread;
    var page = list.tailStart + entry - list.count;
    if (entry < list.count) {
      page = lists[listIndex(sequence, kvHead) * params.listCapacity + entry];
    }
    let table = params.tableOffset + (sequence * params.kvHeads + kvHead) * params.maxPages;
    pages[thread] = vec2(blockTable[table + page], page * 16u);
  }

  let units = HEAD_DIM / 8u;
  let firstKey = firstVisible(position);
  for (var block = 0u; block < GROUP; block += HEADS) {
    let firstHead = kvHead * GROUP + block;
    let numHeads = min(GROUP - block, HEADS);

    // Scores of 32 keys at a time, four of them in eight lanes of an eighth of the channels each.
    let query = row * (params.qkvStride / 4u) + firstHead * 2u * units;
    let lane = thread % lanes;
    var largest0 = vec4(lowest);
    var largest1 = vec4(lowest);
    workgroupBarrier();
    for (var first = 0u; first < numKeys; first += keysPerPass) {
      let key = first + 4u * (thread / lanes);
      var s0 = vec4(0.0);
      var s1 = vec4(0.0);
      var s2 = vec4(0.0);
      var s3 = vec4(0.0);
      var s4 = vec4(0.0);
      var s5 = vec4(0.0);
      var s6 = vec4(0.0);
      var s7 = vec4(0.0);
      if (numPlaces == 1u) {
        workgroupBarrier();
      }
      let shareStart = first / keysPerPass % numPlaces * placeStride;
      if (key < numKeys) {
        let slot = pages[key / 16u].x;
        for (var i = 0u; i < (units + lanes - 1u) / lanes; i++) {
          let unit = i * lanes + lane;
          if (units % lanes != 0u && unit >= units) {
            break;
          }
          let keys = poolKeys(slot, key % 16u, unit);
          let at = query + 2u * unit;
          s0 += product(at, keys);
          if (HEADS > 1u) {
            s1 += product(at + min(1u, numHeads - 1u) * 2u * units, keys);
          }
          if (HEADS > 2u) {
            s2 += product(at + min(2u, numHeads - 1u) * 2u * units, keys);
            s3 += product(at + min(3u, numHeads - 1u) * 2u * units, keys);
          }
          if (HEADS > 4u) {
            s4 += product(at + min(4u, numHeads - 1u) * 2u * units, keys);
            s5 += product(at + min(5u, numHeads - 1u) * 2u * units, keys);
          }
          if (HEADS > 6u) {
            s6 += product(at + min(6u, numHeads - 1u) * 2u * units, keys);
            s7 += product(at + min(7u, numHeads - 1u) * 2u * units, keys);
          }
        }
      }
      let own = first + thread;
      let page = pages[min(own / 16u, maxPagesPerSplit - 1u)];
      let isOwn = thread < keysPerPass && own < numKeys;
      let place = page.y + own % 16u;
      let isSeen = isOwn && place >= firstKey && place <= position;
      shareScores(shareStart, thread, mat4x4(s0, s1, s2, s3));
      workgroupBarrier();
      if (isOwn) {
        let score = select(vec4(lowest), sumOfLanes(shareStart, thread), isSeen);
        scores[own] = score;
        largest0 = max(largest0, score);
      }
      if (HEADS > 4u) {
        workgroupBarrier();
        shareScores(0u, thread, mat4x4(s4, s5, s6, s7));
        workgroupBarrier();
        if (isOwn) {
          let score = select(vec4(lowest), sumOfLanes(0u, thread), isSeen);
          scores[256u + own] = score;
          largest1 = max(largest1, score);
        }
      }
    }
    workgroupBarrier();
    if (thread < keysPerPass) {
      shares[thread] = largest0;
      shares[keysPerPass + thread] = largest1;
    }
    workgroupBarrier();
    for (var quad = 0u; quad < headQuads; quad++) {
      var largest = vec4(lowest);
      for (var i = 0u; i < keysPerPass; i++) {
        largest = max(largest, shares[quad * keysPerPass + i]);
      }
      for (var key = thread; key < numKeys; key += threads) {
        let score = scores[quad * 256u + key];
        scores[quad * 256u + key] = select(exp2(score - largest), vec4(0.0), score == vec4(lowest));
      }
      if (thread == 0u) {
        maxima[quad] = largest;
      }
    }
    workgroupBarrier();

    // Weighted sums of eight channels for a quad of heads over the keys slice, slice + slices, …
    let tasks = headQuads * units;
    let slices = min(threads / tasks, 16u);
    let slice = thread / tasks;
    let quad = thread % tasks / units;
    let unit = thread % units;
    var sum = vec4(0.0);
    var low0 = vec4(0.0);
    var low1 = vec4(0.0);
    var low2 = vec4(0.0);
    var low3 = vec4(0.0);
    var high0 = vec4(0.0);
    var high1 = vec4(0.0);
    var high2 = vec4(0.0);
    var high3 = vec4(0.0);
    if (slice < slices) {
      for (var first = slice; first < numKeys; first += valuesPerPass * slices) {
        var values: array<Value, valuesPerPass>;
        for (var i = 0u; i < valuesPerPass; i++) {
          let key = min(first + i * slices, numKeys - 1u);
          values[i] = poolValue(pages[key / 16u].x, key % 16u, unit);
        }
        for (var i = 0u; i < valuesPerPass; i++) {
          let key = first + i * slices;
          let place = pages[min(key / 16u, maxPagesPerSplit - 1u)].y + key % 16u;
          // Tokens after the row's own were perhaps never written, and nothing times infinity is not nothing.
          let isSeen = key < numKeys && place >= firstKey && place <= position;
          let weight = select(vec4(0.0), scores[quad * 256u + min(key, 255u)], isSeen);
          let low = select(vec4(0.0), values[i].low, isSeen);
          let high = select(vec4(0.0), values[i].high, isSeen);
          sum += weight;
          low0 = fma(vec4(weight.x), low, low0);
          high0 = fma(vec4(weight.x), high, high0);
          if (HEADS > 1u) {
            low1 = fma(vec4(weight.y), low, low1);
            high1 = fma(vec4(weight.y), high, high1);
          }
          if (HEADS > 2u) {
            low2 = fma(vec4(weight.z), low, low2);
            high2 = fma(vec4(weight.z), high, high2);
            low3 = fma(vec4(weight.w), low, low3);
            high3 = fma(vec4(weight.w), high, high3);
          }
        }
      }
      if (unit == 0u) {
        sums[quad * 16u + slice] = sum;
      }
    }
    let start = ((row * params.kvHeads * GROUP + firstHead) * params.maxSplits + group.x) * (2u * units + 1u);
    writeHeads(start, numHeads, 0u, thread, mat4x4(low0, high0, low1, high1));
    if (HEADS > 2u) {
      writeHeads(start, numHeads, 2u, thread, mat4x4(low2, high2, low3, high3));
    }
    workgroupBarrier();
  }
}

// Eight channels of the query at `at` times those of four keys.
fn product(at: u32, keys: Keys) -> vec4<f32> {
  return qkv[at] * keys.low + qkv[at + 1u] * keys.high;
}

// From the four keys of each head to the four heads of each key.
fn shareScores(start: u32, thread: u32, scoresOfHeads: mat4x4<f32>) {
  let ofKeys = transpose(scoresOfHeads);
  let at = start + thread % lanes * laneStride + 4u * (thread / lanes);
  shares[at] = ofKeys[0];
  shares[at + 1u] = ofKeys[1];
  shares[at + 2u] = ofKeys[2];
  shares[at + 3u] = ofKeys[3];
}

// Scores of four heads for a key of the pass.
fn sumOfLanes(start: u32, key: u32) -> vec4<f32> {
  var total = shares[start + key];
  for (var lane = 1u; lane < lanes; lane++) {
    total += shares[start + lane * laneStride + key];
  }
  return capped(total * (params.scale * 1.4426950408889634));
}

// Adds the slices of two heads of each quad, `first` and the next, and writes their partial results. Invocation `thread` has
// eight channels of both; `start` is the place of the block's first head.
fn writeHeads(start: u32, numHeads: u32, first: u32, thread: u32, values: mat4x4<f32>) {
  let units = HEAD_DIM / 8u;
  let tasks = headQuads * units;
  let slices = min(threads / tasks, 16u);
  workgroupBarrier();
  shares[thread] = values[0];
  shares[threads + thread] = values[1];
  shares[2u * threads + thread] = values[2];
  shares[3u * threads + thread] = values[3];
  workgroupBarrier();
  // In the order of memory: head, unit, half.
  for (var i = thread; i < 4u * tasks; i += threads) {
    let odd = i / (2u * units) % 2u;
    let quad = i / (4u * units);
    let head = 4u * quad + first + odd;
    if (head >= numHeads) {
      continue;
    }
    let task = quad * units + i / 2u % units;
    var total = vec4(0.0);
    for (var slice = 0u; slice < slices; slice++) {
      total += shares[(2u * odd + i % 2u) * threads + slice * tasks + task];
    }
    partials[start + head * params.maxSplits * (2u * units + 1u) + 1u + i % (2u * units)] = total;
  }
  // From the other end, the heads' own numbers.
  let other = threads - 1u - thread;
  if (other < numHeads && other % 4u / 2u == first / 2u) {
    var sum = vec4(0.0);
    for (var slice = 0u; slice < slices; slice++) {
      sum += sums[other / 4u * 16u + slice];
    }
    partials[start + other * params.maxSplits * (2u * units + 1u)] = vec4(maxima[other / 4u][other % 4u], sum[other % 4u], 0.0, 0.0);
  }
}
