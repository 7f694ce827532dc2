// target[firstTargetRow + i * rowStep] = source[i] for rows of whole words, whatever these encode.
// Interleaves the rows of two matrices (gate and up) that arrive one after the other.
//
// Grid: one invocation per word of source, 256 a workgroup, flat.
// source [numRows, rowWords] u32
// result [targetRows, rowWords] u32
// Limits: none beyond those of the buffers.

@group(0) @binding(0) var<storage, read> source: array<u32>;
@group(0) @binding(1) var<storage, read_write> result: array<u32>;

struct Params {
  numRows: u32,
  rowWords: u32,
  firstTargetRow: u32,
  rowStep: u32,
}
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(256)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) lane: u32,
) {
  let word = (group.y * groups.x + group.x) * 256u + lane;
  if (word >= params.numRows * params.rowWords) {
    return;
  }
  let row = word / params.rowWords;
  let column = word % params.rowWords;
  result[(params.firstTargetRow + row * params.rowStep) * params.rowWords + column] = source[word];
}
