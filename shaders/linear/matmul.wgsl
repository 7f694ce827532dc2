// y[outputOffset + m * outputStride + firstOutput + n] = [y[…]] + [bias[firstOutput + n]] + sum_k W[n, k] * x[inputOffset + m * inputStride + k]
//
// Grid [ceil(numOutputs / 64), ceil(numRows / 64)]: a workgroup does a tile of 64 outputs and 64 rows, an invocation 4 by 4
// of them, STAGED columns at a time through workgroup memory. A sum runs over k in order, whatever the tile.
//   values, scales  a matrix slab, see lib/weights-*.wgsl
//   x               f32, rows of `columns` every inputStride elements from inputOffset on
//   bias            [all outputs] f32
//   y               f32, rows every outputStride elements from outputOffset on

struct Params {
  columns: u32,
  numOutputs: u32,
  numRows: u32,
  firstOutput: u32,
  inputOffset: u32,
  inputStride: u32,
  outputOffset: u32,
  outputStride: u32,
  hasBias: u32,
  isResidual: u32,
}

@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(1) @binding(0) var<uniform> params: Params;

// 8, 16 or 32.
override STAGED: u32 = 32u;
override numVectors: u32 = STAGED * 16u;
// [STAGED, 16] vectors of 4 rows of x, of 4 rows of W.
var<workgroup> inputs: array<vec4<f32>, numVectors>;
var<workgroup> weights: array<vec4<f32>, numVectors>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let firstOutput = group.x * 64u;
  let firstRow = group.y * 64u;
  // What this invocation loads …
  let k = thread % STAGED;
  let loadQuad = thread / STAGED;
  // … and what it sums.
  let outputQuad = thread % 16u;
  let rowQuad = thread / 16u;
  var sums0 = vec4<f32>();
  var sums1 = vec4<f32>();
  var sums2 = vec4<f32>();
  var sums3 = vec4<f32>();
  for (var first = 0u; first < params.columns; first += STAGED) {
    workgroupBarrier();
    for (var quad = loadQuad; quad < 16u; quad += 256u / STAGED) {
      inputs[placeOf(k, quad)] = inputQuad(firstRow + 4u * quad, first + k);
      weights[placeOf(k, quad)] = weightQuad(firstOutput + 4u * quad, first + k);
    }
    workgroupBarrier();
    for (var i = 0u; i < STAGED; i++) {
      let input = inputs[placeOf(i, rowQuad)];
      let weight = weights[placeOf(i, outputQuad)];
      sums0 = fma(vec4<f32>(input.x), weight, sums0);
      sums1 = fma(vec4<f32>(input.y), weight, sums1);
      sums2 = fma(vec4<f32>(input.z), weight, sums2);
      sums3 = fma(vec4<f32>(input.w), weight, sums3);
    }
  }
  let output = firstOutput + 4u * outputQuad;
  let row = firstRow + 4u * rowQuad;
  storeQuad(output, row, sums0);
  storeQuad(output, row + 1u, sums1);
  storeQuad(output, row + 2u, sums2);
  storeQuad(output, row + 3u, sums3);
}

// Invocations side by side write along k and read along the quads: both fall into different banks.
fn placeOf(k: u32, quad: u32) -> u32 {
  return k * 16u + (quad ^ (k % 16u));
}

// Column k of four rows of x, zeros beyond the last column; rows beyond the last repeat it.
fn inputQuad(row: u32, k: u32) -> vec4<f32> {
  if (k >= params.columns) {
    return vec4<f32>();
  }
  return vec4<f32>(inputAt(row, k), inputAt(row + 1u, k), inputAt(row + 2u, k), inputAt(row + 3u, k));
}

fn inputAt(row: u32, k: u32) -> f32 {
  return x[params.inputOffset + min(row, params.numRows - 1u) * params.inputStride + k];
}

// Column k of four rows of W, zeros beyond the last column; rows beyond the last repeat it.
fn weightQuad(row: u32, k: u32) -> vec4<f32> {
  if (k >= params.columns) {
    return vec4<f32>();
  }
  let last = params.numOutputs - 1u;
  return vec4<f32>(
    weightAt(min(row, last), k, params.columns),
    weightAt(min(row + 1u, last), k, params.columns),
    weightAt(min(row + 2u, last), k, params.columns),
    weightAt(min(row + 3u, last), k, params.columns),
  );
}

fn storeQuad(output: u32, row: u32, sums: vec4<f32>) {
  if (row >= params.numRows) {
    return;
  }
  for (var i = 0u; i < 4u && output + i < params.numOutputs; i++) {
    var result = sums[i];
    if (params.hasBias != 0u) {
      result += bias[params.firstOutput + output + i];
    }
    let place = params.outputOffset + row * params.outputStride + params.firstOutput + output + i;
    if (params.isResidual != 0u) {
      result += y[place];
    }
    y[place] = result;
  }
}
