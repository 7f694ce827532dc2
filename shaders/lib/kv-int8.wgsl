// Pages of 8 bits an element. A code c of 0…255 stands for least + c/255 · (largest - least): of its channel among the
// page's keys, of its token among the values. A page, in u32, with `units` = HEAD_DIM / 8:
//   K codes   [16, units, 2]   eight channels are two words, the lowest channel in the lowest byte
//   V codes   [16, units, 2]
//   K ranges  [units, 2, 4]    of eight channels the least, then the largest, as f16 pairs
//   V ranges  [16]             of a token (least, largest), an f16 pair
// What is packed comes from f16 or f32 and ranges are f16: least and largest of f16 elements come back as they were.

fn packedWords(units: u32) -> u32 {
  return 72u * units + 16u;
}

// Words of a page before its ranges of K, and of V.
fn keyRangesAt(units: u32) -> u32 {
  return 64u * units;
}

fn valueRangesAt(units: u32) -> u32 {
  return 72u * units;
}

// Codes of four elements. An element beyond the range gets the code of its end.
fn codesOf(elements: vec4<f32>, least: vec4<f32>, largest: vec4<f32>) -> u32 {
  let span = largest - least;
  return pack4x8unorm((elements - least) / select(span, vec4(1.0), span == vec4(0.0)));
}

fn elementsOf(codes: u32, least: vec4<f32>, largest: vec4<f32>) -> vec4<f32> {
  return fma(unpack4x8unorm(codes), largest - least, least);
}

// Least or largest of eight channels, as stored; what f16 cannot hold becomes its largest finite value.
fn packBounds(low: vec4<f32>, high: vec4<f32>) -> vec4<u32> {
  let a = clamp(low, vec4(-65504.0), vec4(65504.0));
  let b = clamp(high, vec4(-65504.0), vec4(65504.0));
  return vec4(pack2x16float(a.xy), pack2x16float(a.zw), pack2x16float(b.xy), pack2x16float(b.zw));
}

// Channels 0…3 of eight.
fn lowBounds(stored: vec4<u32>) -> vec4<f32> {
  return vec4(unpack2x16float(stored.x), unpack2x16float(stored.y));
}

// Channels 4…7 of eight.
fn highBounds(stored: vec4<u32>) -> vec4<f32> {
  return vec4(unpack2x16float(stored.z), unpack2x16float(stored.w));
}

// (least, largest) of a value, as stored.
fn packRange(range: vec2<f32>) -> u32 {
  return pack2x16float(clamp(range, vec2(-65504.0), vec2(65504.0)));
}

// (least, largest) of eight elements.
fn rangeOf(low: vec4<f32>, high: vec4<f32>) -> vec2<f32> {
  let least = min(low, high);
  let largest = max(low, high);
  return vec2(
    min(min(least.x, least.y), min(least.z, least.w)),
    max(max(largest.x, largest.y), max(largest.z, largest.w)),
  );
}

fn wider(a: vec2<f32>, b: vec2<f32>) -> vec2<f32> {
  return vec2(min(a.x, b.x), max(a.y, b.y));
}
