// Scales of affine groups: [rows, groups] of f32 pair (scale, bias).

alias Affine = vec2<f32>;

fn affineAt(row: u32, column: u32, columns: u32) -> Affine {
  let at = 2u * (row * ((columns + groupColumns - 1u) / groupColumns) + column / groupColumns);
  return vec2<f32>(bitcast<f32>(scales[at]), bitcast<f32>(scales[at + 1u]));
}

fn affineValue(group: Affine) -> vec2<f32> {
  return group;
}
