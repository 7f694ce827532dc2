// Reading pages of elements from a pool. lib/kv-pool-int8 declares the same names.
// Needs the binding `pool`, an array of PoolWord, and HEAD_DIM.

alias PoolWord = KvEight;

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
  let at = (slot * 32u + token) * units + unit;
  let k0 = pool[at];
  let k1 = pool[at + units];
  let k2 = pool[at + 2u * units];
  let k3 = pool[at + 3u * units];
  return Keys(
    mat4x4(kvLow(k0), kvLow(k1), kvLow(k2), kvLow(k3)),
    mat4x4(kvHigh(k0), kvHigh(k1), kvHigh(k2), kvHigh(k3)),
  );
}

fn poolValue(slot: u32, token: u32, unit: u32) -> Value {
  let value = pool[(slot * 32u + 16u + token) * (HEAD_DIM / 8u) + unit];
  return Value(kvLow(value), kvHigh(value));
}
