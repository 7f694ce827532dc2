// s[n, r] = sum_k W[n, k] * x'[r, k], handed to finish() of the file after this one
// x'[r, k] = x[r, k] / sqrt(mean_j(x[r, j]^2) + epsilon) * normWeight[k] if NORM, or x[r, k]
//
// A workgroup does 512 / LANES matrix rows: teams of LANES lanes, two rows a team, lane l the 16-byte blocks l, l + LANES, …
// of both. It stages x, norm weight included, in workgroup memory, so that lanes read side by side there too; the root mean
// square is one factor in the end. Grid in cells of 16 outputs, of which it does as many as make its matrix rows.
// A lane has loaded the blocks of its next AHEAD steps when it takes one: loads take long, and few are under way otherwise.
//   values, scales  a matrix slab, see lib/weights-*.wgsl
//   x               [ROWS, columns] f32
//   normWeight      [columns] f32

override NORM: u32 = 0u;
override ROWS: u32 = 1u;
// Steps that weights are loaded ahead of their use: 1, 2 or 4, and no more than the steps of a full chunk. Sums do not
// depend on it.
override AHEAD: u32 = 1u;
// 16, or 32 where 16 outputs are 16 matrix rows. How a sum is cut depends on it.
override LANES: u32 = 16u;

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
// Matrix rows of 16 outputs.
const cellRows = 16u * rowsPerOutput;
override numTeams: u32 = threads / LANES;
// Vectors of x in workgroup memory at once, in all rows together: at least a thread's share of sums, see reduce().
override STAGED: u32 = 1024u;
// Blocks of every row of x that are staged at once: a multiple of the lanes.
override chunkBlocks: u32 = STAGED / (blockVectors * ROWS);

// First the staged x; in the end partial sums.
var<workgroup> scratch: array<vec4<f32>, STAGED>;

// Two blocks of weights with their (scale, bias).
struct Pair {
  first: Raw,
  second: Raw,
  firstAffine: vec2<f32>,
  secondAffine: vec2<f32>,
}

// Which blocks an invocation takes: those of its lane of rows n0 and n1.
struct Share {
  n0: u32,
  n1: u32,
  lane: u32,
  numBlocks: u32,
}

// Two rows of W times all rows of x, as far as they were summed.
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
  let cell = group.y * groups.x + group.x;
  let firstRow = cell * cellRows;
  let numMatrixRows = params.numOutputs * rowsPerOutput;
  if (cell % (2u * numTeams / cellRows) != 0u || firstRow >= numMatrixRows) {
    return;
  }
  let n0 = min(firstRow + 2u * (thread / LANES), numMatrixRows - 1u);
  let n1 = min(n0 + 1u, numMatrixRows - 1u);
  let numBlocks = (params.columns + blockColumns - 1u) / blockColumns;
  let share = Share(n0, n1, thread % LANES, numBlocks);

  var sums: Sums;
  var squares: array<f32, 8>;
  // The pairs of the next steps by turns.
  var pair0 = loadPair(share, 0u);
  var pair1: Pair;
  var pair2: Pair;
  var pair3: Pair;
  if (AHEAD > 1u) {
    pair1 = loadPair(share, 1u);
  }
  if (AHEAD > 2u) {
    pair2 = loadPair(share, 2u);
    pair3 = loadPair(share, 3u);
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
      takeStep(&pair0, share, chunk, step, &sums);
      if (AHEAD > 1u && step + 1u < numSteps) {
        takeStep(&pair1, share, chunk, step + 1u, &sums);
      }
      if (AHEAD > 2u && step + 2u < numSteps) {
        takeStep(&pair2, share, chunk, step + 2u, &sums);
      }
      if (AHEAD > 2u && step + 3u < numSteps) {
        takeStep(&pair3, share, chunk, step + 3u, &sums);
      }
    }
  }
  reduce(
    firstRow,
    0u,
    thread,
    vec4<f32>(sums.first[0], sums.first[1], sums.first[2], sums.first[3]),
    vec4<f32>(sums.second[0], sums.second[1], sums.second[2], sums.second[3]),
    vec4<f32>(squares[0], squares[1], squares[2], squares[3]),
  );
  if (ROWS > 4u) {
    reduce(
      firstRow,
      4u,
      thread,
      vec4<f32>(sums.first[4], sums.first[5], sums.first[6], sums.first[7]),
      vec4<f32>(sums.second[4], sums.second[5], sums.second[6], sums.second[7]),
      vec4<f32>(squares[4], squares[5], squares[6], squares[7]),
    );
  }
}

// Sums over the lanes of every team, for four rows of x from `row` on.
fn reduce(firstRow: u32, row: u32, thread: u32, sums0: vec4<f32>, sums1: vec4<f32>, squares: vec4<f32>) {
  let total0 = sumOfLanes(thread, sums0);
  let total1 = sumOfLanes(thread, sums1);
  var scale = vec4<f32>(1.0);
  if (NORM == 1u) {
    let part = sumOfLanes(thread, squares);
    let total = sumOfLanes(thread, part);
    scale = inverseSqrt(total / f32(params.columns) + params.epsilon);
    scale = shareOfFirst(thread, scale);
  }
  if (thread < numTeams) {
    finish(firstRow + 2u * thread, row, total0 * scale, total1 * scale);
  }
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

// Adds the products of a step of a chunk, whose weights `pair` holds, and loads in their place those of AHEAD steps later.
fn takeStep(pair: ptr<function, Pair>, share: Share, chunk: u32, step: u32, sums: ptr<function, Sums>) {
  let now = *pair;
  *pair = loadPair(share, chunk / LANES + step + AHEAD);
  let block = step * LANES + share.lane;
  let weights0 = weightBlock(now.first);
  let weights1 = weightBlock(now.second);
  for (var r = 0u; r < ROWS; r++) {
    let inputs = stagedBlock(r, block);
    let inputSum = sumInputs(inputs);
    (*sums).first[r] += finishBlock(now.firstAffine, fmaBlocks(weights0, inputs), inputSum);
    (*sums).second[r] += finishBlock(now.secondAffine, fmaBlocks(weights1, inputs), inputSum);
  }
}

// The weights of a step, counted from the first chunk's first; the row's last where there are no more.
fn loadPair(share: Share, step: u32) -> Pair {
  let stride = blocksPerRow(params.columns);
  let at = min(step * LANES + share.lane, share.numBlocks - 1u);
  return Pair(
    values[share.n0 * stride + at],
    values[share.n1 * stride + at],
    affineOf(share.n0, at, params.columns),
    affineOf(share.n1, at, params.columns),
  );
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
