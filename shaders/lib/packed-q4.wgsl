// 32 columns of a row of 4-bit weights as bytes for dot4I8Packed: of each 8 columns the even ones, and the odd ones.

struct Packed {
  evens: vec4<u32>,
  odds: vec4<u32>,
}

// What a byte of zero stands for.
const packedZero = 0.0;

fn packedAt(row: u32, group: u32, columns: u32) -> Packed {
  let vector = values[row * blocksPerRow(columns) + group];
  return Packed(vector & vec4<u32>(0x0f0f0f0fu), (vector >> vec4<u32>(4u)) & vec4<u32>(0x0f0f0f0fu));
}
