// Split-K decode attention over a list of pages: for one (row, KV head, split) and each query head h of the group
//   s_t = scale · log2(e) · q_h · k_t,  m = max_t s_t,  l = sum_t 2^(s_t - m),  acc = sum_t 2^(s_t - m) v_t
// over the split's keys t that the row sees. lib/kv-page-list says which pages a split has.
//
// Grid: [maxSplits, KV heads of the slab, rows]; splits beyond a row's own return at once. Four query heads at a time: an
// invocation scores four neighbouring keys, then sums eight channels over a slice of the keys.
//   qkv         [rows, qkvStride] f32, as vec4
//   pool        [slots, page] PoolWord: lib/kv-pool or lib/kv-pool-int8
//   blockTable  [layers, sequences, kvHeads, maxPages] slots, the layer's from tableOffset on
//   rows        [rows] (sequence, position, -, -)
//   listState   [layers, sequences, kvHeads] (count, tailStart), the layer's from listOffset on
//   lists       [layers, sequences, kvHeads, listCapacity] PageIndex, ascending
//   partials    [rows, heads, maxSplits, 2 + HEAD_DIM] f32: m, l, acc
// Limits: HEAD_DIM is a multiple of 8 and at most 512, PAGES_PER_SPLIT at most 16.

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
  maxSplits: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> pool: array<PoolWord>;
@group(0) @binding(2) var<storage, read> blockTable: array<u32>;
@group(0) @binding(3) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> listState: array<vec2<u32>>;
@group(0) @binding(5) var<storage, read> lists: array<u32>;
@group(0) @binding(6) var<storage, read_write> partials: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
const threads = 64u;
const lowest = -3.0e38;

// Slot and first position of each page of the split.
var<workgroup> pages: array<vec2<u32>, 16>;
// Scores, then weights, of each key for four heads.
var<workgroup> weights: array<vec4<f32>, 256>;
// Maxima of the invocations and of eighths of them; then sums of eight channels an invocation, for one head.
var<workgroup> shares: array<vec4<f32>, 2 * threads>;
// Sums of the weights of each invocation's slice.
var<workgroup> sums: array<vec4<f32>, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let row = group.z;
  let kvHead = params.firstKvHead + group.y;
  let sequence = rows[row].x;
  let position = rows[row].y;
  let list = page_list(sequence, kvHead, position);
  if (group.x >= list.numSplits) {
    return;
  }
  let firstEntry = (list.firstSplit + group.x) * PAGES_PER_SPLIT;
  let numPages = min(list.numEntries - firstEntry, PAGES_PER_SPLIT);
  if (thread < numPages) {
    let entry = firstEntry + thread;
    var page = list.tailStart + entry - list.count;
    if (entry < list.count) {
      page = lists[list_index(sequence, kvHead) * params.listCapacity + entry];
    }
    let table = params.tableOffset + (sequence * params.kvHeads + kvHead) * params.maxPages;
    pages[thread] = vec2(blockTable[table + page], page * 16u);
  }

  let units = HEAD_DIM / 8u;
  let slices = threads / units;
  let slice = thread / units;
  let unit = thread % units;
  let firstKey = first_visible(position);
  let rowStart = row * (params.qkvStride / 4u);
  for (var block = 0u; block < GROUP; block += 4u) {
    let firstHead = kvHead * GROUP + block;
    let lastHead = kvHead * GROUP + GROUP - 1u;

    workgroupBarrier();
    // Scores of the keys 4·thread … 4·thread + 3, which lie in one page.
    var largest = vec4(lowest);
    if (thread < numPages * 4u) {
      let page = pages[thread / 4u];
      let key = page.y + (thread % 4u) * 4u;
      let q0 = rowStart + firstHead * 2u * units;
      let q1 = rowStart + min(firstHead + 1u, lastHead) * 2u * units;
      let q2 = rowStart + min(firstHead + 2u, lastHead) * 2u * units;
      let q3 = rowStart + min(firstHead + 3u, lastHead) * 2u * units;
      var s0 = vec4(0.0);
      var s1 = vec4(0.0);
      var s2 = vec4(0.0);
      var s3 = vec4(0.0);
      for (var i = 0u; i < units; i++) {
        let keys = pool_keys(page.x, (thread % 4u) * 4u, i);
        s0 += qkv[q0 + 2u * i] * keys.low + qkv[q0 + 2u * i + 1u] * keys.high;
        if (GROUP > 1u) {
          s1 += qkv[q1 + 2u * i] * keys.low + qkv[q1 + 2u * i + 1u] * keys.high;
        }
        if (GROUP > 2u) {
          s2 += qkv[q2 + 2u * i] * keys.low + qkv[q2 + 2u * i + 1u] * keys.high;
          s3 += qkv[q3 + 2u * i] * keys.low + qkv[q3 + 2u * i + 1u] * keys.high;
        }
      }
      // From the four keys of each head to the four heads of each key.
      let scores = transpose(mat4x4(s0, s1, s2, s3)) * (params.scale * 1.4426950408889634);
      let positions = vec4(key, key + 1u, key + 2u, key + 3u);
      let isSeen = (positions >= vec4(firstKey)) & (positions <= vec4(position));
      let w0 = select(vec4(lowest), scores[0], isSeen.x);
      let w1 = select(vec4(lowest), scores[1], isSeen.y);
      let w2 = select(vec4(lowest), scores[2], isSeen.z);
      let w3 = select(vec4(lowest), scores[3], isSeen.w);
      largest = max(max(w0, w1), max(w2, w3));
      weights[4u * thread] = w0;
      weights[4u * thread + 1u] = w1;
      weights[4u * thread + 2u] = w2;
      weights[4u * thread + 3u] = w3;
    }
    shares[thread] = largest;
    workgroupBarrier();
    if (thread < 8u) {
      var eighth = shares[thread * 8u];
      for (var i = 1u; i < 8u; i++) {
        eighth = max(eighth, shares[thread * 8u + i]);
      }
      shares[threads + thread] = eighth;
    }
    workgroupBarrier();
    largest = shares[threads];
    for (var i = 1u; i < 8u; i++) {
      largest = max(largest, shares[threads + i]);
    }
    if (thread < numPages * 4u) {
      for (var i = 4u * thread; i < 4u * thread + 4u; i++) {
        weights[i] = select(exp2(weights[i] - largest), vec4(0.0), weights[i] == vec4(lowest));
      }
    }
    workgroupBarrier();

    // Weighted sums of eight channels over the keys slice, slice + slices, …
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
      for (var key = slice; key < numPages * 16u; key += slices) {
        let page = pages[key / 16u];
        // Tokens after the row's own were perhaps never written, and nothing times infinity is not nothing.
        if (page.y + key % 16u > position || page.y + key % 16u < firstKey) {
          continue;
        }
        let weight = weights[key];
        let value = pool_value(page.x, key % 16u, unit);
        sum += weight;
        low0 = fma(vec4(weight.x), value.low, low0);
        high0 = fma(vec4(weight.x), value.high, high0);
        if (GROUP > 1u) {
          low1 = fma(vec4(weight.y), value.low, low1);
          high1 = fma(vec4(weight.y), value.high, high1);
        }
        if (GROUP > 2u) {
          low2 = fma(vec4(weight.z), value.low, low2);
          high2 = fma(vec4(weight.z), value.high, high2);
          low3 = fma(vec4(weight.w), value.low, low3);
          high3 = fma(vec4(weight.w), value.high, high3);
        }
      }
      sums[thread] = sum;
    }
    let numHeads = min(GROUP - block, 4u);
    let rowHead = row * params.kvHeads * GROUP + firstHead;
    let result = (rowHead * params.maxSplits + group.x) * (HEAD_DIM + 2u);
    write_head(result, 0u, thread, low0, high0, largest.x);
    if (numHeads > 1u) {
      write_head(result, 1u, thread, low1, high1, largest.y);
    }
    if (numHeads > 2u) {
      write_head(result, 2u, thread, low2, high2, largest.z);
    }
    if (numHeads > 3u) {
      write_head(result, 3u, thread, low3, high3, largest.w);
    }
  }
}

// Adds the slices of one of four heads and writes its partial result; `start` is the first head's.
fn write_head(start: u32, head: u32, thread: u32, low: vec4<f32>, high: vec4<f32>, largest: f32) {
  let units = HEAD_DIM / 8u;
  let slices = threads / units;
  let result = start + head * params.maxSplits * (HEAD_DIM + 2u);
  workgroupBarrier();
  shares[2u * thread] = low;
  shares[2u * thread + 1u] = high;
  workgroupBarrier();
  for (var quad = thread; quad < 2u * units; quad += threads) {
    var total = vec4(0.0);
    for (var i = 0u; i < slices; i++) {
      total += shares[i * 2u * units + quad];
    }
    if (quad == 0u) {
      var sum = 0.0;
      for (var i = 0u; i < slices; i++) {
        sum += sums[i * units][head];
      }
      partials[result] = largest;
      partials[result + 1u] = sum;
    }
    let channel = result + 2u + 4u * quad;
    partials[channel] = total.x;
    partials[channel + 1u] = total.y;
    partials[channel + 2u] = total.z;
    partials[channel + 3u] = total.w;
  }
}
