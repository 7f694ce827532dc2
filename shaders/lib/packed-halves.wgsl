// Sums of products of 32 columns in 8 bits, whose weights have a scale and a bias for 16 of them.

// (scale, bias) of the weights of the first half of a group, then of the second.
alias GroupAffine = vec4<f32>;
// Scale of a group's inputs, then that times the sum of the codes of each half.
alias GroupInput = vec3<f32>;

fn groupAffineAt(row: u32, group: u32, columns: u32) -> GroupAffine {
  let first = affineValue(affineAt(row, 32u * group, columns));
  // A row's last group may be half a one.
  let second = affineValue(affineAt(row, min(32u * group + 16u, columns - 1u), columns));
  return vec4<f32>(first.x, fma(packedZero, first.x, first.y), second.x, fma(packedZero, second.x, second.y));
}

fn groupInput(codes: Packed, scale: f32) -> GroupInput {
  let ones = Packed(vec4<u32>(0x01010101u), vec4<u32>(0x01010101u));
  return vec3<f32>(scale, scale * vec2<f32>(dotHalves(codes, ones)));
}

fn addGroup(sum: f32, weights: Packed, affine: GroupAffine, codes: Packed, input: GroupInput) -> f32 {
  let products = vec2<f32>(dotHalves(weights, codes));
  let bias = fma(input.z, affine.w, fma(input.y, affine.y, sum));
  return fma(fma(products.y, affine.z, products.x * affine.x), input.x, bias);
}

fn dotHalves(a: Packed, b: Packed) -> vec2<i32> {
  return vec2<i32>(
    dotTwo(a.evens.xy, b.evens.xy) + dotTwo(a.odds.xy, b.odds.xy),
    dotTwo(a.evens.zw, b.evens.zw) + dotTwo(a.odds.zw, b.odds.zw),
  );
}

fn dotTwo(a: vec2<u32>, b: vec2<u32>) -> i32 {
  return dot4I8Packed(a.x, b.x) + dot4I8Packed(a.y, b.y);
}
