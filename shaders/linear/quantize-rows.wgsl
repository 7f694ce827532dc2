// Rows of x in 8 bits, 32 columns with one scale: scale[m, g] = max_k |x[m, k]| / 127, code[m, k] = round(x[m, k] / scale[m, g])
//
// Grid: flat, a workgroup does 32 groups of columns, eight invocations each, one vector an invocation. After lib/quantize-group.
//   x            f32, rows of `columns` every inputStride elements from inputOffset on
//   codes        [numRows, groups, 8] u32: of each 8 columns the even ones, of all 32, then the odd ones; zeros beyond the last
//   inputScales  [numRows, groups] f32

struct Params {
  columns: u32,
  numRows: u32,
  inputOffset: u32,
  inputStride: u32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read_write> codes: array<u32>;
@group(0) @binding(2) var<storage, read_write> inputScales: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let numGroups = (params.columns + 31u) / 32u;
  let index = (group.y * groups.x + group.x) * groupsAtOnce + thread / lanes;
  let isIn = index < params.numRows * numGroups;
  var vector = vec4<f32>();
  if (isIn) {
    vector = inputAt(index / numGroups, index % numGroups * lanes + thread % lanes);
  }
  putGroup(thread, index, isIn, vector, 1.0);
}

// Four columns of a row of x, zeros beyond the last column.
fn inputAt(row: u32, quad: u32) -> vec4<f32> {
  let start = params.inputOffset + row * params.inputStride + 4u * quad;
  if ((params.columns | params.inputOffset | params.inputStride) % 4u == 0u) {
    return select(vec4<f32>(), x[start / 4u], 4u * quad < params.columns);
  }
  var result = vec4<f32>();
  for (var i = 0u; i < 4u && 4u * quad + i < params.columns; i++) {
    result[i] = x[(start + i) / 4u][(start + i) % 4u];
  }
  return result;
}
