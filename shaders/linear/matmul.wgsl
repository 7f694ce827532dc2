// y[outputOffset + m * outputStride + firstOutput + n] = [y[…]] + [bias[firstOutput + n]] + sum_k W[n, k] * x[inputOffset + m * inputStride + k]
//
// Grid [ceil(numOutputs / 64), ceil(numRows / TILE_ROWS)]: a workgroup does a tile of 64 outputs and TILE_ROWS rows, an
// invocation 4 by 4 of them, 32 columns at a time through workgroup memory. While a stage is summed the next one is on its
// way from memory to registers. A sum runs over k in order, whatever the tile.
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

@group(0) @binding(1) var<storage, read> x: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> bias: array<f32>;
@group(0) @binding(3) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

const tileOutputs = 64u;
// Vectors of 4 columns in a stage.
const quads = 8u;
// 32 or 64.
override TILE_ROWS: u32 = 64u;
override numThreads: u32 = TILE_ROWS * 4u;
override numInputs: u32 = TILE_ROWS * quads;
// [rows, quads] of x, of W.
var<workgroup> inputs: array<vec4<f32>, numInputs>;
var<workgroup> weights: array<vec4<f32>, tileOutputs * quads>;

@compute @workgroup_size(numThreads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let firstOutput = group.x * tileOutputs;
  let firstRow = group.y * TILE_ROWS;
  // What this invocation loads: a quad of two rows of x, two quads of one row of W, or of two where the tile has 32 rows …
  let quad = thread % quads;
  let row0 = thread / quads;
  let row1 = row0 + TILE_ROWS / 2u;
  let eight = thread % 4u;
  let output0 = thread / 4u;
  let output1 = output0 + TILE_ROWS;
  // … and what it sums: every 16th output, every (TILE_ROWS / 4)th row.
  let output = thread % 16u;
  let row = thread / 16u;
  let rowStep = TILE_ROWS / 4u;

  var sums0 = vec4<f32>();
  var sums1 = vec4<f32>();
  var sums2 = vec4<f32>();
  var sums3 = vec4<f32>();
  var input0 = inputAt(firstRow + row0, quad);
  var input1 = inputAt(firstRow + row1, quad);
  var weight0 = weightsAt(firstOutput + output0, eight);
  var weight1 = weight0;
  if (TILE_ROWS < tileOutputs) {
    weight1 = weightsAt(firstOutput + output1, eight);
  }
  for (var first = 0u; first < params.columns; first += 4u * quads) {
    workgroupBarrier();
    inputs[placeOf(row0, quad)] = input0;
    inputs[placeOf(row1, quad)] = input1;
    weights[placeOf(output0, 2u * eight)] = firstOfEight(weight0);
    weights[placeOf(output0, 2u * eight + 1u)] = lastOfEight(weight0);
    if (TILE_ROWS < tileOutputs) {
      weights[placeOf(output1, 2u * eight)] = firstOfEight(weight1);
      weights[placeOf(output1, 2u * eight + 1u)] = lastOfEight(weight1);
    }
    workgroupBarrier();
    let next = first / 4u + quads;
    input0 = inputAt(firstRow + row0, next + quad);
    input1 = inputAt(firstRow + row1, next + quad);
    weight0 = weightsAt(firstOutput + output0, next / 2u + eight);
    if (TILE_ROWS < tileOutputs) {
      weight1 = weightsAt(firstOutput + output1, next / 2u + eight);
    }
    for (var i = 0u; i < quads; i++) {
      let w0 = weights[placeOf(output, i)];
      let w1 = weights[placeOf(output + 16u, i)];
      let w2 = weights[placeOf(output + 32u, i)];
      let w3 = weights[placeOf(output + 48u, i)];
      sums0 = addProducts(sums0, inputs[placeOf(row, i)], w0, w1, w2, w3);
      sums1 = addProducts(sums1, inputs[placeOf(row + rowStep, i)], w0, w1, w2, w3);
      sums2 = addProducts(sums2, inputs[placeOf(row + 2u * rowStep, i)], w0, w1, w2, w3);
      sums3 = addProducts(sums3, inputs[placeOf(row + 3u * rowStep, i)], w0, w1, w2, w3);
    }
  }
  storeSums(firstOutput + output, firstRow + row, sums0);
  storeSums(firstOutput + output, firstRow + row + rowStep, sums1);
  storeSums(firstOutput + output, firstRow + row + 2u * rowStep, sums2);
  storeSums(firstOutput + output, firstRow + row + 3u * rowStep, sums3);
}

// Of eight rows one above the other, the same quad falls into different banks.
fn placeOf(row: u32, quad: u32) -> u32 {
  return row * quads + (quad ^ (row % quads));
}

// Four columns of a row of x, zeros beyond the last column; rows beyond the last repeat it.
fn inputAt(row: u32, quad: u32) -> vec4<f32> {
  let start = params.inputOffset + min(row, params.numRows - 1u) * params.inputStride + 4u * quad;
  let numLeft = i32(params.columns) - i32(4u * quad);
  if ((params.columns | params.inputOffset | params.inputStride) % 4u == 0u) {
    return select(vec4<f32>(), x[start / 4u], numLeft > 0);
  }
  var result = vec4<f32>();
  for (var i = 0u; i32(i) < min(numLeft, 4); i++) {
    result[i] = x[(start + i) / 4u][(start + i) % 4u];
  }
  return result;
}

// Eight columns of a row of W: some weights or other beyond the last column; rows beyond the last repeat it.
fn weightsAt(row: u32, eight: u32) -> Eight {
  return eightAt(min(row, params.numOutputs - 1u), eight, params.columns);
}

fn addProducts(sums: vec4<f32>, a: vec4<f32>, w0: vec4<f32>, w1: vec4<f32>, w2: vec4<f32>, w3: vec4<f32>) -> vec4<f32> {
  return vec4<f32>(
    addProduct(sums.x, a, w0),
    addProduct(sums.y, a, w1),
    addProduct(sums.z, a, w2),
    addProduct(sums.w, a, w3),
  );
}

fn addProduct(sum: f32, a: vec4<f32>, w: vec4<f32>) -> f32 {
  return fma(a.w, w.w, fma(a.z, w.z, fma(a.y, w.y, fma(a.x, w.x, sum))));
}

fn storeSums(output: u32, row: u32, sums: vec4<f32>) {
  if (row >= params.numRows) {
    return;
  }
  for (var i = 0u; i < 4u && output + 16u * i < params.numOutputs; i++) {
    let n = params.firstOutput + output + 16u * i;
    var result = sums[i];
    if (params.hasBias != 0u) {
      result += bias[n];
    }
    let place = params.outputOffset + row * params.outputStride + n;
    if (params.isResidual != 0u) {
      result += y[place];
    }
    y[place] = result;
  }
}
