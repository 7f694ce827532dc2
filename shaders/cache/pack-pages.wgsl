// packed[list[i].y] = pages[list[i].x] in 8 bits an element, for every pair. Whole pages (numTokens 16) are rounded where they
// stand: from then on they are, to the bit, what unpack-pages makes of the packed ones.
//
// Grid: one invocation a (pair, eight channels of all keys), or a (pair, value of a token). Of a page with fewer tokens the rest of
// the packed page is left as it was.
//   pages   [pages, 2, 16, HEAD_DIM] KvEight
//   packed  [pages, page of lib/kv-int8] u32
//   list    [numPages] (page, packed page)
// No page stands twice in the list.

struct Params {
  numPages: u32,
  numTokens: u32,
}

@group(0) @binding(0) var<storage, read_write> pages: array<KvEight>;
@group(0) @binding(1) var<storage, read_write> packed: array<u32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec2<u32>>;

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
  let part = task % (units + 16u);
  let pair = task / (units + 16u);
  if (pair >= params.numPages) {
    return;
  }
  if (part < units) {
    packKeys(list[pair], part);
  } else if (part - units < params.numTokens) {
    packValue(list[pair], part - units);
  }
}

fn packKeys(pair: vec2<u32>, unit: u32) {
  let units = HEAD_DIM / 8u;
  let column = pair.x * 32u * units + unit;
  var lowMin = kvLow(pages[column]);
  var lowMax = lowMin;
  var highMin = kvHigh(pages[column]);
  var highMax = highMin;
  for (var token = 1u; token < params.numTokens; token++) {
    let key = pages[column + token * units];
    lowMin = min(lowMin, kvLow(key));
    lowMax = max(lowMax, kvLow(key));
    highMin = min(highMin, kvHigh(key));
    highMax = max(highMax, kvHigh(key));
  }
  let least = packBounds(lowMin, highMin);
  let largest = packBounds(lowMax, highMax);
  let page = pair.y * packedWords(units);
  let range = page + keyRangesAt(units) + 8u * unit;
  for (var i = 0u; i < 4u; i++) {
    packed[range + i] = least[i];
    packed[range + 4u + i] = largest[i];
  }
  lowMin = lowBounds(least);
  lowMax = lowBounds(largest);
  highMin = highBounds(least);
  highMax = highBounds(largest);
  for (var token = 0u; token < params.numTokens; token++) {
    let key = pages[column + token * units];
    let low = codesOf(kvLow(key), lowMin, lowMax);
    let high = codesOf(kvHigh(key), highMin, highMax);
    let at = page + 2u * (token * units + unit);
    packed[at] = low;
    packed[at + 1u] = high;
    if (params.numTokens == 16u) {
      pages[column + token * units] = kvPack(
        elementsOf(low, lowMin, lowMax),
        elementsOf(high, highMin, highMax),
      );
    }
  }
}

fn packValue(pair: vec2<u32>, token: u32) {
  let units = HEAD_DIM / 8u;
  let start = (pair.x * 32u + 16u + token) * units;
  var range = rangeOf(kvLow(pages[start]), kvHigh(pages[start]));
  for (var unit = 1u; unit < units; unit++) {
    range = wider(range, rangeOf(kvLow(pages[start + unit]), kvHigh(pages[start + unit])));
  }
  let stored = packRange(range);
  let page = pair.y * packedWords(units);
  packed[page + valueRangesAt(units) + token] = stored;
  let least = vec4(unpack2x16float(stored).x);
  let largest = vec4(unpack2x16float(stored).y);
  for (var unit = 0u; unit < units; unit++) {
    let low = codesOf(kvLow(pages[start + unit]), least, largest);
    let high = codesOf(kvHigh(pages[start + unit]), least, largest);
    let at = page + 2u * ((16u + token) * units + unit);
    packed[at] = low;
    packed[at + 1u] = high;
    if (params.numTokens == 16u) {
      pages[start + unit] = kvPack(elementsOf(low, least, largest), elementsOf(high, least, largest));
    }
  }
}
