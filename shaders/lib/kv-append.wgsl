// Appending a token to a page of elements. lib/kv-append-int8 declares the same names.
// Needs the bindings `pool`, `summaries`; `row` and `share` are the invocation's own.

alias PoolWord = KvEight;

// 0: pages have digests instead of summaries.
override SUMMARY: u32 = 1;

// What an invocation tells the others of its head before they meet.
fn observe(thread: u32, share: Share) {}

// Channels 8·unit … of the key of a page's token. `summary`: index of the page's summary for these channels, which the
// page's last token writes; `open` is not used.
fn appendKey(slot: u32, token: u32, unit: u32, share: Share, summary: u32, open: u32) {
  let units = HEAD_DIM / 8u;
  let column = slot * 32u * units + unit;
  let stored = kvPack(share.first, share.second);
  pool[column + token * units] = stored;
  if (token != 15u || SUMMARY == 0u) {
    return;
  }
  var lowMin = kvLow(stored);
  var lowMax = lowMin;
  var highMin = kvHigh(stored);
  var highMax = highMin;
  for (var i = 0u; i < 15u; i++) {
    let key = pool[column + i * units];
    lowMin = min(lowMin, kvLow(key));
    lowMax = max(lowMax, kvLow(key));
    highMin = min(highMin, kvHigh(key));
    highMax = max(highMax, kvHigh(key));
  }
  summaries[summary] = kvPack(lowMin, highMin);
  summaries[summary + units] = kvPack(lowMax, highMax);
}

// Channels 8·unit … of the value of a page's token; `firstThread` has the head's first channels.
fn appendValue(slot: u32, token: u32, unit: u32, share: Share, firstThread: u32) {
  pool[(slot * 32u + 16u + token) * (HEAD_DIM / 8u) + unit] = kvPack(share.first, share.second);
}
