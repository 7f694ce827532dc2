// s[n, r] = sum_k W[n, k] * x'[r, k] for 16 matrix rows n and at most four rows r of x, on adapters that are programs on a CPU
//
// There a load costs as much as several multiplications, a barrier as much as thousands, and local arrays are slow. So
// one invocation sums 16 matrix rows alone: what it loads of x serves them all. The 16 sums move up by two at every turn of
// a loop: written out sixteenfold, this would be a quarter faster and take three times as long to compile.
//
// The kernel declares: x, params.columns, ROWS, NORM; numMatrixRows(); inputStart(r), where row r of x begins; isAligned(),
// whether all rows begin and end with whole vectors; normBlock(block), the norm's weights; normScale(sums of squares);
// finish(n, r, s[n], s[n + 1]).

// Matrix rows [first, first + 16) for at most four rows of x from `row` on.
fn accumulate(first: u32, row: u32) {
  let columns = params.columns;
  let stride = blocksPerRow(columns);
  let numBlocks = (columns + blockColumns - 1u) / blockColumns;
  let last = numMatrixRows() - 1u;
  var squares = vec4<f32>();
  var s0 = vec4<f32>();
  var s1 = vec4<f32>();
  var s2 = vec4<f32>();
  var s3 = vec4<f32>();
  var s4 = vec4<f32>();
  var s5 = vec4<f32>();
  var s6 = vec4<f32>();
  var s7 = vec4<f32>();
  var s8 = vec4<f32>();
  var s9 = vec4<f32>();
  var s10 = vec4<f32>();
  var s11 = vec4<f32>();
  var s12 = vec4<f32>();
  var s13 = vec4<f32>();
  var s14 = vec4<f32>();
  var s15 = vec4<f32>();
  for (var block = 0u; block < numBlocks; block++) {
    let raw0 = inputBlock(0u, row, block);
    let raw1 = inputBlock(1u, row, block);
    let raw2 = inputBlock(2u, row, block);
    let raw3 = inputBlock(3u, row, block);
    if (NORM == 1u) {
      squares += vec4<f32>(dotBlocks(raw0, raw0), rowDot(1u, raw1, raw1), rowDot(2u, raw2, raw2), rowDot(3u, raw3, raw3));
    }
    let weight = normBlock(block);
    let x0 = weighted(0u, raw0, weight);
    let x1 = weighted(1u, raw1, weight);
    let x2 = weighted(2u, raw2, weight);
    let x3 = weighted(3u, raw3, weight);
    let sums = vec4<f32>(sumInputs(x0), rowSum(1u, x1), rowSum(2u, x2), rowSum(3u, x3));
    // After 8 turns every sum is back at its place.
    for (var turn = 0u; turn < 16u; turn += 2u) {
      let t0 = s0 + product(min(first + turn + 0u, last), block, stride, x0, x1, x2, x3, sums);
      let t1 = s1 + product(min(first + turn + 1u, last), block, stride, x0, x1, x2, x3, sums);
      s0 = s2;
      s1 = s3;
      s2 = s4;
      s3 = s5;
      s4 = s6;
      s5 = s7;
      s6 = s8;
      s7 = s9;
      s8 = s10;
      s9 = s11;
      s10 = s12;
      s11 = s13;
      s12 = s14;
      s13 = s15;
      s14 = t0;
      s15 = t1;
    }
  }
  let scale = normScale(squares);
  // By turns again: written out, finish() would be most of what there is to compile.
  for (var turn = 0u; turn < 16u; turn += 2u) {
    finish(first + turn, row, s0 * scale, s1 * scale);
    s0 = s2;
    s1 = s3;
    s2 = s4;
    s3 = s5;
    s4 = s6;
    s5 = s7;
    s6 = s8;
    s7 = s9;
    s8 = s10;
    s9 = s11;
    s10 = s12;
    s11 = s13;
    s12 = s14;
    s13 = s15;
  }
}

// One block of matrix row n times the same block of each row of x.
fn product(n: u32, block: u32, stride: u32, x0: Block, x1: Block, x2: Block, x3: Block, sums: vec4<f32>) -> vec4<f32> {
  let weights = weightBlock(values[n * stride + block]);
  let affine = affineOf(n, block, params.columns);
  let first = finishBlock(affine, dotBlocks(weights, x0), sums.x);
  if (ROWS == 1u) {
    return vec4<f32>(first, 0.0, 0.0, 0.0);
  }
  return vec4<f32>(
    first,
    finishBlock(affine, rowDot(1u, weights, x1), sums.y),
    finishBlock(affine, rowDot(2u, weights, x2), sums.z),
    finishBlock(affine, rowDot(3u, weights, x3), sums.w),
  );
}

// These do nothing for rows that the pipeline has not; the compiler leaves them out.
fn rowDot(i: u32, a: Block, b: Block) -> f32 {
  if (i >= ROWS) {
    return 0.0;
  }
  return dotBlocks(a, b);
}

fn rowSum(i: u32, a: Block) -> f32 {
  if (i >= ROWS) {
    return 0.0;
  }
  return sumInputs(a);
}

fn weighted(i: u32, a: Block, weight: Block) -> Block {
  if (i >= ROWS) {
    return a;
  }
  if (NORM == 0u) {
    return blockForWeights(a);
  }
  return blockForWeights(timesBlock(a, weight));
}

// A block of row first + i of x, zeros beyond the last column.
fn inputBlock(i: u32, first: u32, block: u32) -> Block {
  if (i >= ROWS) {
    return Block();
  }
  let start = inputStart(first + i) + block * blockColumns;
  let at = start / 4u;
  let left = vectorsLeft(block);
  var part = blockOf(
    kept(x[at + 0u], 0u < left),
    kept(x[at + 1u], 1u < left),
    kept(x[at + 2u], 2u < left),
    kept(x[at + 3u], 3u < left),
    kept(x[at + 4u], 4u < left),
    kept(x[at + 5u], 5u < left),
    kept(x[at + 6u], 6u < left),
    kept(x[at + 7u], 7u < left),
  );
  // Zero times unless rows begin in the middle of a vector.
  let numScalars = scalarsLeft(block);
  for (var j = 0u; j < numScalars; j++) {
    part[j / 4u][j % 4u] = x[(start + j) / 4u][(start + j) % 4u];
  }
  return part;
}

// Whole vectors of a row from `block` on, or none where rows begin in the middle of a vector.
fn vectorsLeft(block: u32) -> u32 {
  return select(0u, (params.columns - block * blockColumns) / 4u, isAligned());
}

// Columns of `block`, or none where rows are whole vectors.
fn scalarsLeft(block: u32) -> u32 {
  return select(0u, min(blockColumns, params.columns - block * blockColumns), !isAligned());
}

fn kept(vector: vec4<f32>, isInside: bool) -> vec4<f32> {
  return select(vec4<f32>(), vector, isInside);
}
