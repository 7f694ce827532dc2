// s[n, r] = sum_k W[n, k] * x'[r, k], handed to finish() of the file after this one
// x'[r, k] = x[r, k] / sqrt(mean_j(x[r, j]^2) + epsilon) * normWeight[k] if NORM, or x[r, k]
//
// Grid: a workgroup does groupRows matrix rows: teams of LANES lanes, TEAM_ROWS rows a team, lane l the 16-byte blocks l,
// l + LANES, … of all of them. It stages x, norm weight included, in workgroup memory, so that lanes read side by side there
// too; the root mean square is one factor in the end.
// A lane has loaded the blocks of its next AHEAD steps when it takes one: loads take long, and few are under way otherwise.
//   values, scales  a matrix slab, see lib/weights-*.wgsl
//   x               [ROWS, columns] f32
//   normWeight      [columns] f32

override NORM: u32 = 0u;
override ROWS: u32 = 1u;
// Steps that weights are loaded ahead of their use: 1, 2 or 4, and no more than the steps of a full chunk. Sums do not
// depend on it.
override AHEAD: u32 = 1u;
// 16 or 32. How a sum is cut depends on it.
override LANES: u32 = 16u;
// 1, 2 or 4, at least rowsPerOutput: more of them read x less often, fewer make more workgroups. Sums do not depend on it.
override TEAM_ROWS: u32 = 2u;

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

const threads = 256u;
override numTeams: u32 = threads / LANES;
override groupRows: u32 = numTeams * TEAM_ROWS;
// Vectors of x in workgroup memory at once, in all rows together: at least a thread's share of sums, see reduce().
override STAGED: u32 = 1024u;
// Blocks of every row of x that are staged at once: a multiple of the lanes.
override chunkBlocks: u32 = STAGED / (blockVectors * ROWS);

// First the staged x; in the end partial sums.
var<workgroup> scratch: array<vec4<f32>, STAGED>;

// A block of weights of each row of a team, with (scale, bias).
struct Loaded {
  first: Raw,
  second: Raw,
  third: Raw,
  fourth: Raw,
  firstAffine: vec2<f32>,
  secondAffine: vec2<f32>,
  thirdAffine: vec2<f32>,
  fourthAffine: vec2<f32>,
}

// Which blocks an invocation takes: those of its lane of its team's rows, n0 and those after it.
struct Share {
  n0: u32,
  numMatrixRows: u32,
  lane: u32,
  numBlocks: u32,
}

// Rows of W times all rows of x, as far as they were summed.
struct Sums {
  first: array<f32, 8>,
  second: array<f32, 8>,
  third: array<f32, 8>,
  fourth: array<f32, 8>,
}

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let firstRow = (group.y * groups.x + group.x) * groupRows;
  let numMatrixRows = params.numOutputs * rowsPerOutput;
  if (firstRow >= numMatrixRows) {
    return;
  }
  let numBlocks = (params.columns + blockColumns - 1u) / blockColumns;
  let share = Share(firstRow + TEAM_ROWS * (thread / LANES), numMatrixRows, thread % LANES, numBlocks);

  var sums: Sums;
  var squares: array<f32, 8>;
  // The weights of the next steps by turns.
  var loaded0 = load(share, 0u);
  var loaded1: Loaded;
  var loaded2: Loaded;
  var loaded3: Loaded;
  if (AHEAD > 1u) {
    loaded1 = load(share, 1u);
  }
  if (AHEAD > 2u) {
    loaded2 = load(share, 2u);
    loaded3 = load(share, 3u);
  }
  for (var chunk = 0u; chunk < numBlocks; chunk += chunkBlocks) {
    let numSteps = (min(chunkBlocks, numBlocks - chunk) + LANES - 1u) / LANES;
    workgroupBarrier();
    // Which thread takes a vector does not depend on the chunk, so sums of squares are the same for every ROWS.
    let start = chunk * blockVectors;
    let end = start + numSteps * LANES * blockVectors;
    for (var v = start + (thread - start) % threads; v < end; v += threads) {
      let block = (v - start) / blockVectors;
      let part = v % blockVectors;
      let weight = normVector(v);
      for (var r = 0u; r < ROWS; r++) {
        var vector = inputVector(r, v);
        if (NORM == 1u) {
          squares[r] = fma(vector.w, vector.w, fma(vector.z, vector.z, fma(vector.y, vector.y, fma(vector.x, vector.x, squares[r]))));
          vector *= weight;
        }
        scratch[stagedAt(r, block, part)] = forWeights(vector);
      }
    }
    workgroupBarrier();
    for (var step = 0u; step < numSteps; step += AHEAD) {
      takeStep(&loaded0, share, chunk, step, &sums);
      if (AHEAD > 1u && step + 1u < numSteps) {
        takeStep(&loaded1, share, chunk, step + 1u, &sums);
      }
      if (AHEAD > 2u && step + 2u < numSteps) {
        takeStep(&loaded2, share, chunk, step + 2u, &sums);
      }
      if (AHEAD > 2u && step + 3u < numSteps) {
        takeStep(&loaded3, share, chunk, step + 3u, &sums);
      }
    }
  }
  reduce(firstRow, 0u, thread, &sums, vec4<f32>(squares[0], squares[1], squares[2], squares[3]));
  if (ROWS > 4u) {
    reduce(firstRow, 4u, thread, &sums, vec4<f32>(squares[4], squares[5], squares[6], squares[7]));
  }
}

// Sums over the lanes of every team, for four rows of x from `row` on.
fn reduce(firstRow: u32, row: u32, thread: u32, sums: ptr<function, Sums>, squares: vec4<f32>) {
  let total0 = sumOfLanes(thread, fourOf((*sums).first, row));
  var total1 = vec4<f32>();
  var total2 = vec4<f32>();
  var total3 = vec4<f32>();
  if (TEAM_ROWS > 1u) {
    total1 = sumOfLanes(thread, fourOf((*sums).second, row));
  }
  if (TEAM_ROWS > 2u) {
    total2 = sumOfLanes(thread, fourOf((*sums).third, row));
    total3 = sumOfLanes(thread, fourOf((*sums).fourth, row));
  }
  var scale = vec4<f32>(1.0);
  if (NORM == 1u) {
    let part = sumOfLanes(thread, squares);
    let total = sumOfLanes(thread, part);
    scale = inverseSqrt(total / f32(params.columns) + params.epsilon);
    scale = shareOfFirst(thread, scale);
  }
  if (TEAM_ROWS == 1u) {
    // Rows are finished in pairs. The factor is applied where what is added to it follows, as below: both round alike.
    workgroupBarrier();
    scratch[thread] = total0;
    workgroupBarrier();
    if (thread < numTeams / 2u) {
      finish(firstRow + 2u * thread, row, scratch[2u * thread] * scale, scratch[2u * thread + 1u] * scale);
    }
    return;
  }
  if (thread < numTeams) {
    let n = firstRow + TEAM_ROWS * thread;
    finish(n, row, total0 * scale, total1 * scale);
    if (TEAM_ROWS > 2u) {
      finish(n + 2u, row, total2 * scale, total3 * scale);
    }
  }
}

fn fourOf(sums: array<f32, 8>, row: u32) -> vec4<f32> {
  return select(
    vec4<f32>(sums[0], sums[1], sums[2], sums[3]),
    vec4<f32>(sums[4], sums[5], sums[6], sums[7]),
    row == 4u,
  );
}

// For invocations t < numTeams: the sum of what the lanes of team t give. No other gives what counts, so twice is a sum of all.
fn sumOfLanes(thread: u32, value: vec4<f32>) -> vec4<f32> {
  workgroupBarrier();
  scratch[thread] = value;
  workgroupBarrier();
  var total = vec4<f32>();
  if (thread < numTeams) {
    for (var i = 0u; i < LANES; i++) {
      total += scratch[LANES * thread + i];
    }
  }
  return total;
}

// What the first invocation gives, for all.
fn shareOfFirst(thread: u32, value: vec4<f32>) -> vec4<f32> {
  workgroupBarrier();
  if (thread == 0u) {
    scratch[0] = value;
  }
  workgroupBarrier();
  return scratch[0];
}

// Adds the products of a step of a chunk, whose weights are loaded, and loads in their place those of AHEAD steps later.
fn takeStep(loaded: ptr<function, Loaded>, share: Share, chunk: u32, step: u32, sums: ptr<function, Sums>) {
  let now = *loaded;
  *loaded = load(share, chunk / LANES + step + AHEAD);
  let block = step * LANES + share.lane;
  let weights0 = weightBlock(now.first);
  let weights1 = weightBlock(now.second);
  let weights2 = weightBlock(now.third);
  let weights3 = weightBlock(now.fourth);
  for (var r = 0u; r < ROWS; r++) {
    let inputs = stagedBlock(r, block);
    let inputSum = sumInputs(inputs);
    (*sums).first[r] += finishBlock(now.firstAffine, fmaBlocks(weights0, inputs), inputSum);
    if (TEAM_ROWS > 1u) {
      (*sums).second[r] += finishBlock(now.secondAffine, fmaBlocks(weights1, inputs), inputSum);
    }
    if (TEAM_ROWS > 2u) {
      (*sums).third[r] += finishBlock(now.thirdAffine, fmaBlocks(weights2, inputs), inputSum);
      (*sums).fourth[r] += finishBlock(now.fourthAffine, fmaBlocks(weights3, inputs), inputSum);
    }
  }
}

// The weights of a step, counted from the first chunk's first; the row's last where there are no more, the last row's too.
fn load(share: Share, step: u32) -> Loaded {
  let stride = blocksPerRow(params.columns);
  let at = min(step * LANES + share.lane, share.numBlocks - 1u);
  let last = share.numMatrixRows - 1u;
  let n0 = min(share.n0, last);
  var loaded: Loaded;
  loaded.first = values[n0 * stride + at];
  loaded.firstAffine = affineOf(n0, at, params.columns);
  if (TEAM_ROWS > 1u) {
    let n1 = min(share.n0 + 1u, last);
    loaded.second = values[n1 * stride + at];
    loaded.secondAffine = affineOf(n1, at, params.columns);
  }
  if (TEAM_ROWS > 2u) {
    let n2 = min(share.n0 + 2u, last);
    let n3 = min(share.n0 + 3u, last);
    loaded.third = values[n2 * stride + at];
    loaded.thirdAffine = affineOf(n2, at, params.columns);
    loaded.fourth = values[n3 * stride + at];
    loaded.fourthAffine = affineOf(n3, at, params.columns);
  }
  return loaded;
}

// Where a vector of a staged block lies: neighbours in block and in part fall into different banks.
fn stagedAt(r: u32, block: u32, part: u32) -> u32 {
  return (r * blockVectors + part) * chunkBlocks + (block ^ part);
}

fn stagedBlock(r: u32, block: u32) -> Block {
  return blockOf(
    scratch[stagedAt(r, block, 0u)],
    scratch[stagedAt(r, block, 1u % blockVectors)],
    scratch[stagedAt(r, block, 2u % blockVectors)],
    scratch[stagedAt(r, block, 3u % blockVectors)],
    scratch[stagedAt(r, block, 4u % blockVectors)],
    scratch[stagedAt(r, block, 5u % blockVectors)],
    scratch[stagedAt(r, block, 6u % blockVectors)],
    scratch[stagedAt(r, block, 7u % blockVectors)],
  );
}

// Vector v of row r of x, zeros beyond the last column.
fn inputVector(r: u32, v: u32) -> vec4<f32> {
  let columns = params.columns;
  let start = r * columns + 4u * v;
  if (columns % 4u == 0u) {
    return select(vec4<f32>(), x[start / 4u], 4u * v < columns);
  }
  var vector: vec4<f32>;
  for (var i = 0u; i < 4u && 4u * v + i < columns; i++) {
    vector[i] = x[(start + i) / 4u][(start + i) % 4u];
  }
  return vector;
}

// Vector v of the norm's weights.
fn normVector(v: u32) -> vec4<f32> {
  if (NORM == 0u) {
    return vec4<f32>();
  }
  return select(vec4<f32>(), normWeight[v], 4u * v < params.columns);
}
