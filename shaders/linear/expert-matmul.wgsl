// y[p, n] = sum_k W[e(p) * rowsPerExpert + n, k] * x[p / divisor, k] for the pairs p of rows and experts e(p) of route-experts
//
// Grid: [rowsPerExpert / 4 rounded up, experts]. A workgroup does four rows of an expert, in 16 lanes each, for up to four of its pairs
// at a time: an expert without pairs is not read, and its weights come once for four pairs. A pair's sum does not depend on others.
//   values, scales  a slab of W: its rows [firstRow, firstRow + numRows); rows beyond are another slab's; see lib/weights-*.wgsl
//   x               [pairs / divisor, columns] f32, as vec4
//   routes          see route-experts
//   y               [pairs, rowsPerExpert] f32

struct Params {
  columns: u32,
  rowsPerExpert: u32,
  firstRow: u32,
  numRows: u32,
  numPairs: u32,
  divisor: u32,
}

@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> routes: array<u32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

const threads = 64u;
const lanes = 16u;
const teams = threads / lanes;

var<workgroup> sums: array<vec4<f32>, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let starts = 2u * params.numPairs + group.y;
  let first = routes[starts];
  let end = routes[starts + 1u];
  if (first == end) {
    return;
  }
  let n = group.x * teams + thread / lanes;
  let row = group.y * params.rowsPerExpert + n;
  let isOwn = n < params.rowsPerExpert && row >= params.firstRow && row - params.firstRow < params.numRows;
  let at = select(0u, row - params.firstRow, isOwn);
  let stride = blocksPerRow(params.columns);
  let numBlocks = (params.columns + blockColumns - 1u) / blockColumns;
  for (var entry = first; entry < end; entry += 4u) {
    let pairs = vec4(
      pairAt(entry),
      pairAt(min(entry + 1u, end - 1u)),
      pairAt(min(entry + 2u, end - 1u)),
      pairAt(min(entry + 3u, end - 1u)),
    );
    var sum = vec4<f32>();
    if (isOwn) {
      for (var block = thread % lanes; block < numBlocks; block += lanes) {
        let weights = weightBlock(values[at * stride + block]);
        let affine = affineOf(at, block, params.columns);
        for (var i = 0u; i < min(4u, end - entry); i++) {
          let inputs = inputBlock(pairs[i] / params.divisor, block);
          sum[i] += finishBlock(affine, fmaBlocks(weights, inputs), sumInputs(inputs));
        }
      }
    }
    workgroupBarrier();
    sums[thread] = sum;
    workgroupBarrier();
    if (isOwn && thread % lanes < min(4u, end - entry)) {
      let i = thread % lanes;
      var total = 0.0;
      for (var lane = 0u; lane < lanes; lane++) {
        total += sums[thread - i + lane][i];
      }
      y[pairs[i] * params.rowsPerExpert + n] = total;
    }
  }
}

fn pairAt(entry: u32) -> u32 {
  return routes[params.numPairs + entry];
}

fn inputBlock(row: u32, block: u32) -> Block {
  let v = block * blockVectors;
  return blockOf(
    inputVector(row, v),
    inputVector(row, v + 1u),
    inputVector(row, v + 2u),
    inputVector(row, v + 3u),
    inputVector(row, v + 4u),
    inputVector(row, v + 5u),
    inputVector(row, v + 6u),
    inputVector(row, v + 7u),
  );
}

// Vector v of a row of x as weights want it, zeros beyond the last column.
fn inputVector(row: u32, v: u32) -> vec4<f32> {
  let columns = params.columns;
  let start = row * columns + 4u * v;
  if (columns % 4u == 0u) {
    return forWeights(select(vec4<f32>(), x[start / 4u], 4u * v < columns));
  }
  var vector: vec4<f32>;
  for (var i = 0u; i < 4u && 4u * v + i < columns; i++) {
    vector[i] = x[(start + i) / 4u][(start + i) % 4u];
  }
  return forWeights(vector);
}
