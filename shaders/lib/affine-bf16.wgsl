// Scales of affine groups: [rows, groups] of bf16 pair (scale, bias).

alias Affine = u32;

fn affineAt(row: u32, column: u32, columns: u32) -> Affine {
  return scales[row * ((columns + groupColumns - 1u) / groupColumns) + column / groupColumns];
}

fn affineValue(group: Affine) -> vec2<f32> {
  return vec2<f32>(bitcast<f32>(group << 16u), bitcast<f32>(group & 0xffff0000u));
}
