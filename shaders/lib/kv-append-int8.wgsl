// Appending a token to a page of 8 bits. lib/kv-append declares the same names for pages of elements.
// The keys of the open page stand as elements behind the summaries: each new one may widen the range of a channel, and then
// all of the channel's codes are written anew. A value's range is its own.
// Needs the bindings `pool`, `summaries`; `row` and `share` are the invocation's own.

alias PoolWord = u32;

// 0: pages have digests instead of summaries.
override SUMMARY: u32 = 1;

// Least and largest value of each invocation.
var<workgroup> extremes: array<vec2<f32>, threads>;

// What an invocation tells the others of its head before they meet.
fn observe(thread: u32, share: Share) {
  let stored = kvPack(share.first, share.second);
  extremes[thread] = rangeOf(kvLow(stored), kvHigh(stored));
}

// Channels 8·unit … of the key of a page's token. `summary`: index of the page's summary for these channels, which the
// page's last token writes; `open`: index of the open page's first key.
fn appendKey(slot: u32, token: u32, unit: u32, share: Share, summary: u32, open: u32) {
  let units = HEAD_DIM / 8u;
  let stored = kvPack(share.first, share.second);
  summaries[open + token * units] = stored;
  var lowMin = kvLow(stored);
  var lowMax = lowMin;
  var highMin = kvHigh(stored);
  var highMax = highMin;
  for (var i = 0u; i < token; i++) {
    let key = summaries[open + i * units];
    lowMin = min(lowMin, kvLow(key));
    lowMax = max(lowMax, kvLow(key));
    highMin = min(highMin, kvHigh(key));
    highMax = max(highMax, kvHigh(key));
  }
  let page = slot * packedWords(units);
  for (var i = 0u; i <= token; i++) {
    var key = stored;
    if (i < token) {
      key = summaries[open + i * units];
    }
    let at = page + 2u * (i * units + unit);
    pool[at] = codesOf(kvLow(key), lowMin, lowMax);
    pool[at + 1u] = codesOf(kvHigh(key), highMin, highMax);
  }
  let least = kvPack(lowMin, highMin);
  let largest = kvPack(lowMax, highMax);
  let range = page + keyRangesAt(units) + 8u * unit;
  for (var i = 0u; i < 4u; i++) {
    pool[range + i] = least[i];
    pool[range + 4u + i] = largest[i];
  }
  if (token == 15u && SUMMARY != 0u) {
    summaries[summary] = least;
    summaries[summary + units] = largest;
  }
}

// Channels 8·unit … of the value of a page's token; `firstThread` has the head's first channels.
fn appendValue(slot: u32, token: u32, unit: u32, share: Share, firstThread: u32) {
  let units = HEAD_DIM / 8u;
  var range = extremes[firstThread];
  for (var i = 1u; i < units; i++) {
    range = wider(range, extremes[firstThread + i]);
  }
  let stored = kvPack(share.first, share.second);
  let page = slot * packedWords(units);
  let at = page + 2u * ((16u + token) * units + unit);
  pool[at] = codesOf(kvLow(stored), vec4(range.x), vec4(range.y));
  pool[at + 1u] = codesOf(kvHigh(stored), vec4(range.x), vec4(range.y));
  if (unit == 0u) {
    pool[page + valueRangesAt(units) + token] = packRange(range);
  }
}
