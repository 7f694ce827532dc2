// Summaries of full pages of one sequence: per channel the minimum, then the maximum, of the page's 16 keys as stored.
//
// Grid: one invocation a (KV head of the slab, page, eight channels).
//   tile          [kvHeads, tilePages, 2, 16, HEAD_DIM] KvEight; its first page is page tileFirstPage of the sequence
//   summaryTable  [sequences, maxPages] summary slots; the sequence's row begins at tableOffset
//   summaries     [numKvHeads, numSummarySlots, 2, HEAD_DIM] KvEight

struct Params {
  firstPage: u32,
  numPages: u32,
  firstKvHead: u32,
  numKvHeads: u32,
  tileFirstPage: u32,
  tilePages: u32,
  tableOffset: u32,
  numSummarySlots: u32,
}

@group(0) @binding(0) var<storage, read> tile: array<KvEight>;
@group(0) @binding(1) var<storage, read> summaryTable: array<u32>;
@group(0) @binding(2) var<storage, read_write> summaries: array<KvEight>;
@group(0) @binding(16) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
const threads = 64u;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let units = HEAD_DIM / 8u;
  let task = (group.y * groups.x + group.x) * threads + thread;
  if (task >= params.numKvHeads * params.numPages * units) {
    return;
  }
  let unit = task % units;
  let page = params.firstPage + task / units % params.numPages;
  let localKvHead = task / units / params.numPages;
  let tilePage = (params.firstKvHead + localKvHead) * params.tilePages + page - params.tileFirstPage;
  let column = tilePage * 32u * units + unit;
  var lowMin = kvLow(tile[column]);
  var lowMax = lowMin;
  var highMin = kvHigh(tile[column]);
  var highMax = highMin;
  for (var token = 1u; token < 16u; token++) {
    let key = tile[column + token * units];
    lowMin = min(lowMin, kvLow(key));
    lowMax = max(lowMax, kvLow(key));
    highMin = min(highMin, kvHigh(key));
    highMax = max(highMax, kvHigh(key));
  }
  let slot = summaryTable[params.tableOffset + page];
  let summary = (localKvHead * params.numSummarySlots + slot) * 2u * units + unit;
  summaries[summary] = kvPack(lowMin, highMin);
  summaries[summary + units] = kvPack(lowMax, highMax);
}
