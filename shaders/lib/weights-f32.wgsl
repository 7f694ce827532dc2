// A matrix slab in f32: values [rows, stride], stride = columns rounded up to 4.

@group(0) @binding(0) var<storage, read> values: array<vec4<f32>>;

// 16 bytes of a row hold this many columns; blockVectors = blockColumns / 4.
const blockColumns = 4u;
const blockVectors = 1u;

fn blocksPerRow(columns: u32) -> u32 {
  return (columns + 3u) / 4u;
}

// One weight, for kernels that do not care for speed.
fn weightAt(row: u32, column: u32, columns: u32) -> f32 {
  return values[row * blocksPerRow(columns) + column / 4u][column % 4u];
}
