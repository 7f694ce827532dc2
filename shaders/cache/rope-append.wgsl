// For every row and every head of a slab's KV heads: q = rope(norm(q)) in place, k = rope(norm(k)) and v into the page
// of the row's position. The last token of a page also writes the page's summary: per-channel min and max of its keys.
//
// Grid: GROUP q heads, k and v of one KV head are GROUP + 2 tasks; eight channels an invocation, 64 / (HEAD_DIM / 8) tasks a
// workgroup. At most one row a sequence.
//   qkv           [rows, qkvStride] f32, as vec4
//   ropeTable     [256 + ceil(maxContext / 256), rotaryDim / 2] (cos, sin), as vec4
//   qkNorm        [2, HEAD_DIM] f32, as vec4: weights of q, then of k; read only with QK_NORM above 0
//   rows          [rows] (sequence, position, -, -)
//   blockTable    [layers, sequences, kvHeads, maxPages] slots
//   pool          [slots, page] PoolWord: lib/kv-append or lib/kv-append-int8
//   summaryTable  [sequences, maxPages] summary slots
//   summaries     [numKvHeads, numSummarySlots, 2, HEAD_DIM] KvEight; with pages of 8 bits the slots from firstOpenSlot on are
//                 [sequences, 16, HEAD_DIM]: the keys of the open pages
// Limits: HEAD_DIM and rotaryDim are multiples of 8, HEAD_DIM <= 512.

struct Params {
  numRows: u32,
  qkvStride: u32,
  kvHeads: u32,
  firstKvHead: u32,
  numKvHeads: u32,
  rotaryDim: u32,
  tableOffset: u32,
  maxPages: u32,
  numSummarySlots: u32,
  firstOpenSlot: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read_write> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> ropeTable: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> qkNorm: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> blockTable: array<u32>;
@group(0) @binding(5) var<storage, read_write> pool: array<PoolWord>;
@group(0) @binding(6) var<storage, read> summaryTable: array<u32>;
@group(0) @binding(7) var<storage, read_write> summaries: array<KvEight>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let units = HEAD_DIM / 8u;
  let tasksPerGroup = threads / units;
  let unit = thread % units;
  let task = (group.y * groups.x + group.x) * tasksPerGroup + thread / units;
  let tasksPerRow = params.numKvHeads * (GROUP + 2u);
  let isActive = thread < tasksPerGroup * units && task < params.numRows * tasksPerRow;

  let row = task / tasksPerRow;
  let localKvHead = (task % tasksPerRow) / (GROUP + 2u);
  let part = task % (GROUP + 2u);
  let kvHead = params.firstKvHead + localKvHead;
  var head = kvHead * GROUP + part;
  if (part >= GROUP) {
    head = params.kvHeads * part + kvHead;
  }
  let start = row * (params.qkvStride / 4u) + head * (HEAD_DIM / 4u);
  var share: Share;
  if (isActive) {
    share = loadShare(start, unit);
    squares[thread] = sumOfSquares(share);
    observe(thread, share);
  }
  // The partners of every invocation are read before any of them is overwritten.
  storageBarrier();
  workgroupBarrier();
  if (!isActive) {
    return;
  }
  let sequence = rows[row].x;
  let position = rows[row].y;
  if (part <= GROUP) {
    share = turned(share, thread - unit, select(0u, 1u, part == GROUP), position);
  }
  if (part < GROUP) {
    qkv[start + share.quad] = share.first;
    qkv[start + share.quad + 1u] = share.second;
    return;
  }

  let page = position >> 4u;
  let table = params.tableOffset + (sequence * params.kvHeads + kvHead) * params.maxPages;
  let slot = blockTable[table + page];
  if (part > GROUP) {
    appendValue(slot, position & 15u, unit, share, thread - unit);
    return;
  }
  let summaryOfHead = localKvHead * params.numSummarySlots * 2u * units + unit;
  let summary = summaryOfHead + summaryTable[sequence * params.maxPages + page] * 2u * units;
  let open = summaryOfHead + params.firstOpenSlot * 2u * units + sequence * 16u * units;
  appendKey(slot, position & 15u, unit, share, summary, open);
}
