// Scales of 256 columns in two levels, as GGML's Q4_K and Q5_K have them: [rows, ceil(columns / 256)] of five words. The first is
// an f16 pair (d, m); then two bytes (s, t) for each 32 columns: scale = d * s, bias = -m * t.

alias Affine = vec2<f32>;

fn affineAt(row: u32, column: u32, columns: u32) -> Affine {
  let start = 5u * (row * ((columns + 255u) / 256u) + column / 256u);
  let group = column % 256u / 32u;
  let bytes = unpack4xU8(scales[start + 1u + group / 2u] >> (group % 2u * 16u));
  return unpack2x16float(scales[start]) * vec2<f32>(f32(bytes.x), -f32(bytes.y));
}

fn affineValue(group: Affine) -> vec2<f32> {
  return group;
}
