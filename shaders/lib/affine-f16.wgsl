// Scales of affine groups: [rows, groups] of f16 pair (scale, bias).

alias Affine = u32;

fn affineAt(row: u32, column: u32, columns: u32) -> Affine {
  return scales[row * ((columns + groupColumns - 1u) / groupColumns) + column / groupColumns];
}

fn affineValue(group: Affine) -> vec2<f32> {
  return unpack2x16float(group);
}
