// Scales of 256 columns in two levels, as GGML's Q2_K has them: [rows, ceil(columns / 256)] of five words. The first is an f16 pair
// (d, m); then a byte for each 16 columns, s in its low half and t in its high one: scale = d * s, bias = -m * t.

alias Affine = vec2<f32>;

fn affineAt(row: u32, column: u32, columns: u32) -> Affine {
  let start = 5u * (row * ((columns + 255u) / 256u) + column / 256u);
  let group = column % 256u / 16u;
  let byte = scales[start + 1u + group / 4u] >> (group % 4u * 8u);
  return unpack2x16float(scales[start]) * vec2<f32>(f32(byte & 15u), -f32((byte >> 4u) & 15u));
}

fn affineValue(group: Affine) -> vec2<f32> {
  return group;
}
