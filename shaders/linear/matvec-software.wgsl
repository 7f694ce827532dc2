// s[n, r] = sum_k W[n, k] * x'[r, k], handed to finish() of the file after this one; x'[r, k] as in matvec-naive.wgsl
//
// Grid: one invocation 16 matrix rows (lib/software-sums.wgsl), 4 invocations a workgroup, which therefore may do
// several groups of the grid.
//   values, scales  a matrix slab, see lib/weights-*.wgsl
//   x               [ROWS, columns] f32
//   normWeight      [columns] f32

override NORM: u32 = 0u;
override ROWS: u32 = 1u;
// Of use to the portable variant only, but for the size of a group.
override STAGED: u32 = 1024u;
override AHEAD: u32 = 1u;
override LANES: u32 = 16u;
override TEAM_ROWS: u32 = 2u;
override groupRows: u32 = 256u / LANES * TEAM_ROWS;

struct Params {
  columns: u32,
  numOutputs: u32,
  firstOutput: u32,
  outputStride: u32,
  epsilon: f32,
}

@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> normWeight: array<vec4<f32>>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(4)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let index = group.y * groups.x + group.x;
  let first = index * groupRows + thread * 16u;
  if (index % (64u / groupRows) != 0u || first >= numMatrixRows()) {
    return;
  }
  for (var row = 0u; row < ROWS; row += 4u) {
    accumulate(first, row);
  }
}

fn numMatrixRows() -> u32 {
  return params.numOutputs * rowsPerOutput;
}

fn inputStart(row: u32) -> u32 {
  return row * params.columns;
}

fn isAligned() -> bool {
  return params.columns % 4u == 0u;
}

fn normScale(squares: vec4<f32>) -> vec4<f32> {
  if (NORM == 0u) {
    return vec4<f32>(1.0);
  }
  return inverseSqrt(squares / f32(params.columns) + params.epsilon);
}

// The norm's weights of a block, zeros beyond the last column.
fn normBlock(block: u32) -> Block {
  if (NORM == 0u) {
    return Block();
  }
  let start = block * blockColumns;
  let at = start / 4u;
  let left = vectorsLeft(block);
  var part = blockOf(
    kept(normWeight[at + 0u], 0u < left),
    kept(normWeight[at + 1u], 1u < left),
    kept(normWeight[at + 2u], 2u < left),
    kept(normWeight[at + 3u], 3u < left),
    kept(normWeight[at + 4u], 4u < left),
    kept(normWeight[at + 5u], 5u < left),
    kept(normWeight[at + 6u], 6u < left),
    kept(normWeight[at + 7u], 7u < left),
  );
  let numScalars = scalarsLeft(block);
  for (var j = 0u; j < numScalars; j++) {
    part[j / 4u][j % 4u] = normWeight[(start + j) / 4u][(start + j) % 4u];
  }
  return part;
}
