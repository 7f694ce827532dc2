// y[outputOffset + m * outputStride + firstOutput + n] = [y[…]] + [bias[firstOutput + n]] + sum_k W[n, k] * x'[m, k]
// x'[m, k] = inputScales[m, k / 32] * code[m, k], see quantize-rows.wgsl
//
// Grid [ceil(numRows / 32), ceil(numOutputs / 128)]: a workgroup does a tile of 32 rows and 128 outputs, an invocation 4 by 8 of
// them, two groups of 32 columns at a time through workgroup memory: integers are multiplied and added up within a group, groups
// in order. While a stage is summed the next one is on its way from memory to registers.
//   values, scales  a matrix slab of affine groups, see lib/weights-*.wgsl, lib/packed-*.wgsl
//   codes           [numRows, groups, 2] vec4<u32>
//   inputScales     [numRows, groups] f32
//   bias            [all outputs] f32
//   y               f32, rows every outputStride elements from outputOffset on

const tileRows = 32u;
const tileOutputs = 128u;
const threads = 128u;
const stageGroups = 2u;
// Rows and outputs of an invocation are so many apart.
const rowStep = 8u;
const outputStep = 16u;
// [groups of a stage, outputs or rows].
var<workgroup> weightEvens: array<vec4<u32>, stageGroups * tileOutputs>;
var<workgroup> weightOdds: array<vec4<u32>, stageGroups * tileOutputs>;
var<workgroup> affines: array<GroupAffine, stageGroups * tileOutputs>;
var<workgroup> inputEvens: array<vec4<u32>, stageGroups * tileRows>;
var<workgroup> inputOdds: array<vec4<u32>, stageGroups * tileRows>;
var<workgroup> inputs: array<GroupInput, stageGroups * tileRows>;

// A group of a row of W, or of x with its scale, on its way.
struct LoadedWeights {
  codes: Packed,
  affine: GroupAffine,
}
struct LoadedInputs {
  codes: Packed,
  scale: f32,
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let firstRow = group.x * tileRows;
  let firstOutput = group.y * tileOutputs;
  let numGroups = (params.columns + 31u) / 32u;
  // What this invocation loads: a group of two outputs, and of a row if it is in the first half …
  let part = thread % stageGroups;
  let loadedRow = thread / stageGroups;
  let place0 = part * tileOutputs + loadedRow;
  let place1 = place0 + threads / stageGroups;
  let isLoadingInputs = loadedRow < tileRows;
  // … and what it sums.
  let row = thread % rowStep;
  let output = thread / rowStep;

  var sums: array<vec4<f32>, 8>;
  var weights0 = weightsAt(firstOutput + loadedRow, part, numGroups);
  var weights1 = weightsAt(firstOutput + loadedRow + threads / stageGroups, part, numGroups);
  var loadedInputs: LoadedInputs;
  if (isLoadingInputs) {
    loadedInputs = inputsAt(firstRow + loadedRow, part, numGroups);
  }
  for (var first = 0u; first < numGroups; first += stageGroups) {
    workgroupBarrier();
    storeWeights(place0, weights0);
    storeWeights(place1, weights1);
    if (isLoadingInputs) {
      let place = part * tileRows + loadedRow;
      inputEvens[place] = loadedInputs.codes.evens;
      inputOdds[place] = loadedInputs.codes.odds;
      inputs[place] = groupInput(loadedInputs.codes, loadedInputs.scale);
    }
    workgroupBarrier();
    let next = first + stageGroups + part;
    weights0 = weightsAt(firstOutput + loadedRow, next, numGroups);
    weights1 = weightsAt(firstOutput + loadedRow + threads / stageGroups, next, numGroups);
    if (isLoadingInputs) {
      loadedInputs = inputsAt(firstRow + loadedRow, next, numGroups);
    }
    for (var s = 0u; s < stageGroups; s++) {
      let at = s * tileRows + row;
      let codes0 = Packed(inputEvens[at], inputOdds[at]);
      let codes1 = Packed(inputEvens[at + rowStep], inputOdds[at + rowStep]);
      let codes2 = Packed(inputEvens[at + 2u * rowStep], inputOdds[at + 2u * rowStep]);
      let codes3 = Packed(inputEvens[at + 3u * rowStep], inputOdds[at + 3u * rowStep]);
      let input0 = inputs[at];
      let input1 = inputs[at + rowStep];
      let input2 = inputs[at + 2u * rowStep];
      let input3 = inputs[at + 3u * rowStep];
      for (var i = 0u; i < 8u; i++) {
        let place = s * tileOutputs + output + outputStep * i;
        let weights = Packed(weightEvens[place], weightOdds[place]);
        let affine = affines[place];
        sums[i] = vec4<f32>(
          addGroup(sums[i].x, weights, affine, codes0, input0),
          addGroup(sums[i].y, weights, affine, codes1, input1),
          addGroup(sums[i].z, weights, affine, codes2, input2),
          addGroup(sums[i].w, weights, affine, codes3, input3),
        );
      }
    }
  }
  for (var i = 0u; i < 8u; i++) {
    let n = firstOutput + output + outputStep * i;
    store(n, firstRow + row, sums[i].x);
    store(n, firstRow + row + rowStep, sums[i].y);
    store(n, firstRow + row + 2u * rowStep, sums[i].z);
    store(n, firstRow + row + 3u * rowStep, sums[i].w);
  }
}

// A group of a row of W; beyond the last of either the last one again.
fn weightsAt(row: u32, group: u32, numGroups: u32) -> LoadedWeights {
  let n = min(row, params.numOutputs - 1u);
  let at = min(group, numGroups - 1u);
  return LoadedWeights(packedAt(n, at, params.columns), groupAffineAt(n, at, params.columns));
}

fn storeWeights(place: u32, loaded: LoadedWeights) {
  weightEvens[place] = loaded.codes.evens;
  weightOdds[place] = loaded.codes.odds;
  affines[place] = loaded.affine;
}

// A group of a row of x; beyond the last row that one again, beyond the last group nothing.
fn inputsAt(row: u32, group: u32, numGroups: u32) -> LoadedInputs {
  let at = min(row, params.numRows - 1u) * numGroups + min(group, numGroups - 1u);
  let scale = select(0.0, inputScales[at], group < numGroups);
  return LoadedInputs(Packed(codes[2u * at], codes[2u * at + 1u]), scale);
}

fn store(output: u32, row: u32, sum: f32) {
  if (row >= params.numRows || output >= params.numOutputs) {
    return;
  }
  let n = params.firstOutput + output;
  var result = sum;
  if (params.hasBias != 0u) {
    result += bias[n];
  }
  let place = params.outputOffset + row * params.outputStride + n;
  if (params.isResidual != 0u) {
    result += y[place];
  }
  y[place] = result;
}
