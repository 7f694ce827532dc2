// The result, grid and bindings of page-summary, from pages of 8 bits: the ranges of their keys are their summaries.
//
//   tile  [kvHeads, tilePages, page of lib/kv-int8] u32, as vec4

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

@group(0) @binding(0) var<storage, read> tile: array<vec4<u32>>;
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
  let range = (tilePage * packedWords(units) + keyRangesAt(units)) / 4u + 2u * unit;
  let slot = summaryTable[params.tableOffset + page];
  let summary = (localKvHead * params.numSummarySlots + slot) * 2u * units + unit;
  summaries[summary] = kvPack(lowBounds(tile[range]), highBounds(tile[range]));
  summaries[summary + units] = kvPack(lowBounds(tile[range + 1u]), highBounds(tile[range + 1u]));
}
