// The pages that one (row, KV head) attends, and how they are cut into splits of PAGES_PER_SPLIT list entries.
// Needs the binding `listState`, the parameters `listOffset`, `kvHeads`, `window`. A list depends on the row's own
// sequence and position alone, so results never depend on the batch.

override PAGES_PER_SPLIT: u32 = 16;

struct PageList {
  // Entries below `count` stand in the list buffer; entry i >= count is page tailStart + (i - count).
  count: u32,
  tailStart: u32,
  numEntries: u32,
  // Splits before `firstSplit` lie wholly before the sliding window.
  firstSplit: u32,
  numSplits: u32,
}

// Position of the first key that a query at `position` sees.
fn first_visible(position: u32) -> u32 {
  if (params.window == 0u || position < params.window) {
    return 0u;
  }
  return position + 1u - params.window;
}

fn list_index(sequence: u32, kvHead: u32) -> u32 {
  return params.listOffset + sequence * params.kvHeads + kvHead;
}

fn page_list(sequence: u32, kvHead: u32, position: u32) -> PageList {
  let state = listState[list_index(sequence, kvHead)];
  let endPage = (position >> 4u) + 1u;
  let numEntries = state.x + max(endPage, state.y) - state.y;
  var firstSplit = 0u;
  if (state.x == 0u) {
    let firstPage = first_visible(position) >> 4u;
    firstSplit = (max(firstPage, state.y) - state.y) / PAGES_PER_SPLIT;
  }
  let endSplit = (numEntries + PAGES_PER_SPLIT - 1u) / PAGES_PER_SPLIT;
  return PageList(state.x, state.y, numEntries, firstSplit, max(endSplit, firstSplit) - firstSplit);
}
