// Scales of 256 columns in two levels, as GGML's Q6_K and Q3_K have them: [rows, ceil(columns / 256)] of five words. The first is
// an f16 pair (d, z); then a signed byte s for each 16 columns: scale = d * s, bias = -z * scale.

alias Affine = vec2<f32>;

fn affineAt(row: u32, column: u32, columns: u32) -> Affine {
  let start = 5u * (row * ((columns + 255u) / 256u) + column / 256u);
  let group = column % 256u / 16u;
  let s = extractBits(bitcast<i32>(scales[start + 1u + group / 4u]), group % 4u * 8u, 8u);
  let outer = unpack2x16float(scales[start]);
  let scale = outer.x * f32(s);
  return vec2<f32>(scale, -outer.y * scale);
}

fn affineValue(group: Affine) -> vec2<f32> {
  return group;
}
