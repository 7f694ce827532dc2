// s[n, r] = sum_k W[n, k] * x'[r, k], handed to finish() of the file after this one, as in matvec.wgsl, with
// x'[r, k] = inputScales[r, k / 32] * code[r, k], see quantize-rows.wgsl
//
// Grid: flat, a workgroup does 16 matrix rows: eight teams of 32 lanes, two rows a team, lane l the groups of 32 columns l,
// l + 32, … of both. A lane has loaded the weights of its next group when it takes one. No sum depends on ROWS.
//   values, scales  a matrix slab of affine groups, see lib/weights-*.wgsl, lib/packed-*.wgsl
//   codes           [ROWS, groups, 2] vec4<u32>
//   inputScales     [ROWS, groups] f32

// 1, 2, 4 or 8.
override ROWS: u32 = 1u;

struct Params {
  columns: u32,
  numOutputs: u32,
  firstOutput: u32,
  outputStride: u32,
}

@group(0) @binding(1) var<storage, read> codes: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> inputScales: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

const threads = 256u;
const lanes = 32u;
const groupRows = 16u;
// Partial sums of two matrix rows, for four rows of x.
var<workgroup> firsts: array<vec4<f32>, threads>;
var<workgroup> seconds: array<vec4<f32>, threads>;

// A group of each of two matrix rows.
struct Loaded {
  first: Packed,
  second: Packed,
  firstAffine: GroupAffine,
  secondAffine: GroupAffine,
}

// Two matrix rows times all rows of x, as far as they were summed.
struct Sums {
  first: array<f32, 8>,
  second: array<f32, 8>,
}

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let firstRow = (group.y * groups.x + group.x) * groupRows;
  let last = params.numOutputs * rowsPerOutput - 1u;
  if (firstRow > last) {
    return;
  }
  let numGroups = (params.columns + 31u) / 32u;
  let lane = thread % lanes;
  let n = firstRow + 2u * (thread / lanes);
  var sums: Sums;
  var loaded = load(n, last, lane, numGroups);
  for (var g = lane; g < numGroups; g += lanes) {
    let now = loaded;
    loaded = load(n, last, g + lanes, numGroups);
    for (var r = 0u; r < ROWS; r++) {
      let at = r * numGroups + g;
      let row = Packed(codes[2u * at], codes[2u * at + 1u]);
      let input = groupInput(row, inputScales[at]);
      sums.first[r] = addGroup(sums.first[r], now.first, now.firstAffine, row, input);
      sums.second[r] = addGroup(sums.second[r], now.second, now.secondAffine, row, input);
    }
  }
  reduce(n, 0u, thread, &sums);
  if (ROWS > 4u) {
    reduce(n, 4u, thread, &sums);
  }
}

// Sums over the lanes of every team, for four rows of x from `row` on.
fn reduce(n: u32, row: u32, thread: u32, sums: ptr<function, Sums>) {
  let lane = thread % lanes;
  workgroupBarrier();
  firsts[thread] = fourOf((*sums).first, row);
  seconds[thread] = fourOf((*sums).second, row);
  for (var step = lanes / 2u; step > 0u; step /= 2u) {
    workgroupBarrier();
    if (lane < step) {
      firsts[thread] += firsts[thread + step];
      seconds[thread] += seconds[thread + step];
    }
  }
  if (lane == 0u) {
    finish(n, row, firsts[thread], seconds[thread]);
  }
}

fn fourOf(sums: array<f32, 8>, row: u32) -> vec4<f32> {
  return select(
    vec4<f32>(sums[0], sums[1], sums[2], sums[3]),
    vec4<f32>(sums[4], sums[5], sums[6], sums[7]),
    row == 4u,
  );
}

// A group of matrix rows n and n + 1; of the last of either where there are no more.
fn load(n: u32, last: u32, group: u32, numGroups: u32) -> Loaded {
  let at = min(group, numGroups - 1u);
  let n0 = min(n, last);
  let n1 = min(n + 1u, last);
  return Loaded(
    packedAt(n0, at, params.columns),
    packedAt(n1, at, params.columns),
    groupAffineAt(n0, at, params.columns),
    groupAffineAt(n1, at, params.columns),
  );
}
