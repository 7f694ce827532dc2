// The pages that one (row, KV head) attends, and how they are cut into splits: into about params.splits of them, so that a short list
// is shared by as many workgroups as a long one, while no split has more than 16 entries.
// Needs the binding `listState`, the parameters `listOffset`, `kvHeads`, `window`, `splits`. A list depends on the row's own
// sequence and position alone, so results never depend on the batch.

const maxPagesPerSplit = 16u;

struct PageList {
  // Entries below `count` stand in the list buffer; entry i >= count is page tailStart + (i - count).
  count: u32,
  tailStart: u32,
  numEntries: u32,
  // Splits before `firstSplit` lie wholly before the sliding window.
  firstSplit: u32,
  numSplits: u32,
  pagesPerSplit: u32,
}

// Position of the first key that a query at `position` sees.
fn firstVisible(position: u32) -> u32 {
  if (params.window == 0u || position < params.window) {
    return 0u;
  }
  return position + 1u - params.window;
}

fn listIndex(sequence: u32, kvHead: u32) -> u32 {
  return params.listOffset + sequence * params.kvHeads + kvHead;
}

fn pageList(sequence: u32, kvHead: u32, position: u32) -> PageList {
  let state = listState[listIndex(sequence, kvHead)];
  let endPage = (position >> 4u) + 1u;
  let numEntries = state.x + max(endPage, state.y) - state.y;
  let firstPage = firstVisible(position) >> 4u;
  let numPages = min(numEntries, endPage - firstPage);
  let pagesPerSplit = clamp((numPages + params.splits - 1u) / params.splits, 1u, maxPagesPerSplit);
  var firstSplit = 0u;
  if (state.x == 0u) {
    firstSplit = (max(firstPage, state.y) - state.y) / pagesPerSplit;
  }
  let endSplit = (numEntries + pagesPerSplit - 1u) / pagesPerSplit;
  return PageList(state.x, state.y, numEntries, firstSplit, max(endSplit, firstSplit) - firstSplit, pagesPerSplit);
}
