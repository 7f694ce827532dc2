// KV storage as f32: eight channels are two vec4<f32>.
// Pages, tiles and page summaries are arrays of KvEight. The other kv-*.wgsl declare the same names.

alias KvEight = array<vec4<f32>, 2>;

// Channels 0…3 of eight.
fn kvLow(eight: KvEight) -> vec4<f32> {
  return eight[0];
}

// Channels 4…7 of eight.
fn kvHigh(eight: KvEight) -> vec4<f32> {
  return eight[1];
}

fn kvPack(low: vec4<f32>, high: vec4<f32>) -> KvEight {
  return KvEight(low, high);
}
