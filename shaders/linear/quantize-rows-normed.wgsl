// Rows of x, normed, in 8 bits as in quantize-rows.wgsl: x'[r, k] = x[r, k] * weight[k], and the scale of a group, of x', over
// sqrt(mean_j(x[r, j]^2) + epsilon)
//
// Grid [ceil(groups of a row / 32), rows]: each workgroup sums the squares of its row for itself. After lib/quantize-group.
//   x            [rows, columns] f32
//   weight       [columns] f32
//   codes        [rows, groups, 8] u32
//   inputScales  [rows, groups] f32

struct Params {
  columns: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> weight: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read_write> codes: array<u32>;
@group(0) @binding(3) var<storage, read_write> inputScales: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

var<workgroup> squares: array<f32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let quads = (params.columns + 3u) / 4u;
  var sum = vec4<f32>();
  for (var quad = thread; quad < quads; quad += threads) {
    let vector = inputAt(group.y, quad);
    sum = fma(vector, vector, sum);
  }
  squares[thread] = sum.x + sum.y + sum.z + sum.w;
  for (var step = threads / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (thread < step) {
      squares[thread] += squares[thread + step];
    }
  }
  workgroupBarrier();
  let factor = inverseSqrt(squares[0] / f32(params.columns) + params.epsilon);
  let numGroups = (params.columns + 31u) / 32u;
  let quad = group.x * threads + thread;
  var vector = vec4<f32>();
  if (quad < quads) {
    vector = inputAt(group.y, quad) * weight[quad];
  }
  let own = quad / lanes;
  putGroup(thread, group.y * numGroups + own, own < numGroups, vector, factor);
}

// Four columns of a row of x, zeros beyond the last column.
fn inputAt(row: u32, quad: u32) -> vec4<f32> {
  let start = row * params.columns + 4u * quad;
  if (params.columns % 4u == 0u) {
    return x[start / 4u];
  }
  var result = vec4<f32>();
  for (var i = 0u; i < 4u && 4u * quad + i < params.columns; i++) {
    result[i] = x[(start + i) / 4u][(start + i) % 4u];
  }
  return result;
}
