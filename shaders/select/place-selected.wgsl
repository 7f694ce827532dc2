// For every listed stable KV head and every i < count of its selection: if page i of it lies in the tile, copies that to
// slot slotTable[i] of the pool and enters that slot in the block table. One dispatch a tile; after the last tile of a
// sequence every selected page is in place.
// A tile holds numTilePages pages from page tileFirst on; or, with isListed, what belongs to as many entries of each
// selection from entry tileFirst on, as far as those are pages below endPage.
//
// Grid: x: entries of a selection, y: listed heads. 64 threads copy a page.
//   tile        [kvHeads, tilePages, page] vec4<u32>
//   lists       [targets, numLists, budget] u32, ascending PageIndex: of target 1, what was selected
//   listState   [targets, numLists] vec2<u32>: (count, numPages)
//   slotTable   [numLists, budget] u32
//   pool        [slots, page] vec4<u32>
//   blockTable  [layers, sequences, kvHeads, maxPages] u32
//   list        [numHeads] u32: KV heads, all of this slab

struct Params {
  firstList: u32,
  numLists: u32,
  budget: u32,
  tileFirst: u32,
  tilePages: u32,
  numTilePages: u32,
  isListed: u32,
  endPage: u32,
  tableOffset: u32,
  maxPages: u32,
  vectorsPerPage: u32,
}

@group(0) @binding(0) var<storage, read> tile: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> lists: array<u32>;
@group(0) @binding(2) var<storage, read> listState: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read> slotTable: array<u32>;
@group(0) @binding(4) var<storage, read_write> pool: array<vec4<u32>>;
@group(0) @binding(5) var<storage, read_write> blockTable: array<u32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<u32>;

const threads = 64u;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kvHead = list[group.y];
  let listIndex = params.firstList + kvHead;
  if (group.x >= listState[params.numLists + listIndex].x) {
    return;
  }
  let entry = listIndex * params.budget + group.x;
  let page = lists[params.numLists * params.budget + entry];
  let index = select(page, group.x, params.isListed != 0u);
  if (page >= params.endPage || index < params.tileFirst || index - params.tileFirst >= params.numTilePages) {
    return;
  }
  let slot = slotTable[entry];
  let source = (kvHead * params.tilePages + index - params.tileFirst) * params.vectorsPerPage;
  let destination = slot * params.vectorsPerPage;
  for (var i = thread; i < params.vectorsPerPage; i += threads) {
    pool[destination + i] = tile[source + i];
  }
  if (thread == 0u) {
    blockTable[params.tableOffset + kvHead * params.maxPages + page] = slot;
  }
}
