// A matrix slab in f16: values [rows, stride], stride = columns rounded up to 8.

@group(0) @binding(0) var<storage, read> values: array<vec4<u32>>;

// 16 bytes of a row hold this many columns; blockVectors = blockColumns / 4.
const blockColumns = 8u;
const blockVectors = 2u;

fn blocksPerRow(columns: u32) -> u32 {
  return (columns + 7u) / 8u;
}

// One weight, for kernels that do not care for speed.
fn weightAt(row: u32, column: u32, columns: u32) -> f32 {
  let pair = values[row * blocksPerRow(columns) + column / 8u][column % 8u / 2u];
  return unpack2x16float(pair)[column % 2u];
}
