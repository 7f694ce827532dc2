// A matrix slab of 8-bit affine groups of 32 columns: values [rows, groups * 32] of 8 bits, lowest bits first;
// scales [rows, groups] of f16 pair (scale, bias), bound by the kernel; w = scale * q + bias.

@group(0) @binding(0) var<storage, read> values: array<vec4<u32>>;

// 16 bytes of a row hold this many columns; blockVectors = blockColumns / 4.
const blockColumns = 16u;
const blockVectors = 4u;

fn blocksPerRow(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 2u;
}

// One weight, for kernels that do not care for speed.
fn weightAt(row: u32, column: u32, columns: u32) -> f32 {
  let word = values[row * blocksPerRow(columns) + column / 16u][column % 16u / 4u];
  let q = extractBits(word, column % 4u * 8u, 8u);
  let affine = unpack2x16float(scales[row * ((columns + 31u) / 32u) + column / 32u]);
  return fma(affine.x, f32(q), affine.y);
}
