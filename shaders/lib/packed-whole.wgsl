// Sums of products of 32 columns in 8 bits, whose weights have one scale and one bias.

// (scale, bias) of a group's weights.
alias GroupAffine = vec2<f32>;
// (scale, scale times the sum of its codes) of a group's inputs.
alias GroupInput = vec2<f32>;

fn groupAffineAt(row: u32, group: u32, columns: u32) -> GroupAffine {
  let affine = affineValue(affineAt(row, 32u * group, columns));
  return vec2<f32>(affine.x, fma(packedZero, affine.x, affine.y));
}

fn groupInput(codes: Packed, scale: f32) -> GroupInput {
  let ones = vec4<u32>(0x01010101u);
  return vec2<f32>(scale, scale * f32(dotFour(codes.evens, ones) + dotFour(codes.odds, ones)));
}

fn addGroup(sum: f32, weights: Packed, affine: GroupAffine, codes: Packed, input: GroupInput) -> f32 {
  let product = f32(dotFour(weights.evens, codes.evens) + dotFour(weights.odds, codes.odds));
  return fma(product * affine.x, input.x, fma(input.y, affine.y, sum));
}

fn dotFour(a: vec4<u32>, b: vec4<u32>) -> i32 {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y) + dot4I8Packed(a.z, b.z) + dot4I8Packed(a.w, b.w);
}
