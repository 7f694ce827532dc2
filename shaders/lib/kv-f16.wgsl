// KV storage as f16: eight channels are one vec4<u32>, the lower channel of a word in its low half.
// Pages, tiles and page summaries are arrays of KvEight. The other kv-*.wgsl declare the same names.

alias KvEight = vec4<u32>;

// Channels 0…3 of eight.
fn kvLow(eight: KvEight) -> vec4<f32> {
  return vec4(unpack2x16float(eight.x), unpack2x16float(eight.y));
}

// Channels 4…7 of eight.
fn kvHigh(eight: KvEight) -> vec4<f32> {
  return vec4(unpack2x16float(eight.z), unpack2x16float(eight.w));
}

// Rounds to f16; what f16 cannot hold becomes its largest finite value, since packing it would be undefined.
fn kvPack(low: vec4<f32>, high: vec4<f32>) -> KvEight {
  let a = clamp(low, vec4(-65504.0), vec4(65504.0));
  let b = clamp(high, vec4(-65504.0), vec4(65504.0));
  return vec4(pack2x16float(a.xy), pack2x16float(a.zw), pack2x16float(b.xy), pack2x16float(b.zw));
}
