// 32 columns of a row of 8-bit weights as signed bytes for dot4I8Packed, each less 128: of each 8 columns the even ones, and the
// odd ones.

struct Packed {
  evens: vec4<u32>,
  odds: vec4<u32>,
}

// What a byte of zero stands for.
const packedZero = 128.0;

fn packedAt(row: u32, group: u32, columns: u32) -> Packed {
  let at = row * blocksPerRow(columns) + 2u * group;
  let first = values[at] ^ vec4<u32>(0x80808080u);
  let second = values[at + 1u] ^ vec4<u32>(0x80808080u);
  let lower = vec4<u32>(first.xz, second.xz);
  let upper = vec4<u32>(first.yw, second.yw);
  return Packed(everySecond(lower, upper, 0u), everySecond(lower, upper, 8u));
}

fn everySecond(lower: vec4<u32>, upper: vec4<u32>, shift: u32) -> vec4<u32> {
  let a = (lower >> vec4<u32>(shift)) & vec4<u32>(0x00ff00ffu);
  let b = (upper >> vec4<u32>(shift)) & vec4<u32>(0x00ff00ffu);
  return ((a | (a >> vec4<u32>(8u))) & vec4<u32>(0xffffu)) | ((b | (b >> vec4<u32>(8u))) << vec4<u32>(16u));
}
