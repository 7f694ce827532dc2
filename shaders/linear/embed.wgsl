// hidden[r, :] = scale * W[token of list[r] - firstRow, :] where that row lies in this slab; other rows stay as they are
//
// Grid [ceil(columns / 64), rows].
//   values  [numRows, …] rows of the slab, which begins at matrix row firstRow
//   tokens  [sequences] u32: the latest sampled token of each sequence
//   hidden  [rows, columns] f32
//   list    [rows] u32: a token id, or 0x80000000 | sequence for tokens[sequence]

struct Params {
  columns: u32,
  firstRow: u32,
  numRows: u32,
  scale: f32,
}

@group(0) @binding(1) var<storage, read> tokens: array<u32>;
@group(0) @binding(2) var<storage, read_write> hidden: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<u32>;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let column = group.x * 64u + thread;
  var token = list[group.y];
  if ((token & 0x80000000u) != 0u) {
    token = tokens[token & 0x7fffffffu];
  }
  // Wraps to a large number for a token before the slab.
  let row = token - params.firstRow;
  if (column < params.columns && row < params.numRows) {
    hidden[group.y * params.columns + column] = params.scale * weightAt(row, column, params.columns);
  }
}
