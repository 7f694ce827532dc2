// Reading pages of 8 bits from a pool. lib/kv-pool declares the same names for pages of elements.
// Needs the binding `pool`, an array of PoolWord, and HEAD_DIM.

alias PoolWord = vec2<u32>;

// Eight channels of four neighbouring keys, a key a column; of one value.
struct Keys {
  low: mat4x4<f32>,
  high: mat4x4<f32>,
}
struct Value {
  low: vec4<f32>,
  high: vec4<f32>,
}

// Keys token … token + 3 of a page, channels 8·unit … 8·unit + 7.
fn poolKeys(slot: u32, token: u32, unit: u32) -> Keys {
  let units = HEAD_DIM / 8u;
  let page = slot * (packedWords(units) / 2u);
  let at = page + token * units + unit;
  let k0 = pool[at];
  let k1 = pool[at + units];
  let k2 = pool[at + 2u * units];
  let k3 = pool[at + 3u * units];
  let range = page + keyRangesAt(units) / 2u + 4u * unit;
  let leastWords = vec4(pool[range], pool[range + 1u]);
  let largestWords = vec4(pool[range + 2u], pool[range + 3u]);
  let least = lowBounds(leastWords);
  let largest = lowBounds(largestWords);
  let leastHigh = highBounds(leastWords);
  let largestHigh = highBounds(largestWords);
  return Keys(
    mat4x4(
      elementsOf(k0.x, least, largest),
      elementsOf(k1.x, least, largest),
      elementsOf(k2.x, least, largest),
      elementsOf(k3.x, least, largest),
    ),
    mat4x4(
      elementsOf(k0.y, leastHigh, largestHigh),
      elementsOf(k1.y, leastHigh, largestHigh),
      elementsOf(k2.y, leastHigh, largestHigh),
      elementsOf(k3.y, leastHigh, largestHigh),
    ),
  );
}

fn poolValue(slot: u32, token: u32, unit: u32) -> Value {
  let units = HEAD_DIM / 8u;
  let page = slot * (packedWords(units) / 2u);
  let codes = pool[page + (16u + token) * units + unit];
  let range = unpack2x16float(pool[page + valueRangesAt(units) / 2u + token / 2u][token % 2u]);
  return Value(
    elementsOf(codes.x, vec4(range.x), vec4(range.y)),
    elementsOf(codes.y, vec4(range.x), vec4(range.y)),
  );
}
