// y[p, n] = sum_k W[e(p) * rowsPerExpert + n, k] * x[p / divisor, k] for the pairs p of rows and experts e(p) of route-experts
//
// The referee: the grid and the bindings of expert-matmul.wgsl, one invocation a row of an expert, one pair after the other.

struct Params {
  columns: u32,
  rowsPerExpert: u32,
  firstRow: u32,
  numRows: u32,
  numPairs: u32,
  divisor: u32,
}

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> routes: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(4)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let n = group.x * 4u + thread;
  let row = group.y * params.rowsPerExpert + n;
  if (n >= params.rowsPerExpert || row < params.firstRow || row - params.firstRow >= params.numRows) {
    return;
  }
  let starts = 2u * params.numPairs + group.y;
  for (var entry = routes[starts]; entry < routes[starts + 1u]; entry++) {
    let pair = routes[params.numPairs + entry];
    var sum = 0.0;
    for (var k = 0u; k < params.columns; k++) {
      sum = fma(weightAt(row - params.firstRow, k, params.columns), x[pair / params.divisor * params.columns + k], sum);
    }
    y[pair * params.rowsPerExpert + n] = sum;
  }
}
