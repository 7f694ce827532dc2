// Logits to a token, after sample-common and best-token: adjust → temperature → top-k → top-p → min-p → draw, or the greatest.
//
// Grid: one workgroup a row. Top-k and top-p are one thing, the shortest run of tokens in descending order whose weights reach
// a target (weight 1 and k; mass and p·total), found by radix descent: a histogram of weights over one digit of
// the rank, the digit in which the target is reached, then only tokens that share it; the 32 bits of the logit, then,
// where equal logits straddle the target, the 24 of the id. Sums are integers, so their order does not matter.
// Vocabularies of at most 2^18 tokens, so that masses of at most 2^31 sum below 2^49.
// With the best tokens of blocks at hand (WIDE), a walk over tokens above some rank visits only the blocks whose best is: for
// one workgroup, a walk over 150,000 tokens takes long. The result is the same.

// Invocations of a row's workgroup: a power of two, at most 256.
override threads: u32 = 256u;
// Bits of a digit: a divisor of 8.
override digitBits: u32 = 8u;
override numBins: u32 = 1u << digitBits;
override keyLevels: u32 = 32u / digitBits;

// Whether sample-blocks was dispatched before.
override WIDE: u32 = 0u;
// Blocks that there may be.
override listSize: u32 = 1u + 1023u * WIDE;

// The blocks of a walk.
var<workgroup> listed: array<u32, listSize>;
var<workgroup> numListed: atomic<u32>;
var<workgroup> foundFloor: Rank;
var<workgroup> binCounts: array<atomic<u32>, numBins>;
var<workgroup> binLows: array<atomic<u32>, numBins>;
var<workgroup> binHighs: array<atomic<u32>, numBins>;
var<workgroup> remaining: vec2<u32>;
var<workgroup> found: Found;
var<workgroup> wasDoneBefore: u32;
var<workgroup> numTopFound: atomic<u32>;
var<workgroup> topRanks: array<Rank, maxTop>;
var<workgroup> topValues: array<f32, maxTop>;

// The digit in which the target is reached, and whether all tokens that share it are needed.
struct Found {
  digit: u32,
  isWhole: u32,
}

// What a token weighs: 1 with `isMass` false, else its mass.
struct Weighting {
  isMass: bool,
  maximum: f32,
  inverseTemperature: f32,
  topK: u32,
  topP: f32,
}

// The sum of what all invocations give; uses the scores of `bests`.
fn reduceSum(thread: u32, value: f32) -> f32 {
  bests[thread].score = value;
  for (var stride = threads / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (thread < stride) {
      bests[thread].score += bests[thread + stride].score;
    }
  }
  return workgroupUniformLoad(&bests[0]).score;
}

fn hasBlocks(source: Source) -> bool {
  return WIDE == 1u && source.hasBlocks;
}

fn bestOfBlock(source: Source, block: u32) -> Best {
  let pair = blocks[source.firstBlock + block];
  return Best(bitcast<f32>(pair.x), pair.y);
}

// The best of an invocation's share of the blocks.
fn bestOfBlocks(source: Source, thread: u32) -> Best {
  var best = noBest;
  for (var block = thread; block < numBlocks(); block += threads) {
    best = betterOf(best, bestOfBlock(source, block));
  }
  return best;
}

fn greatest(source: Source, thread: u32) -> Best {
  if (hasBlocks(source)) {
    return reduceBest(thread, bestOfBlocks(source, thread));
  }
  return reduceBest(thread, bestOfShare(source, 0u, params.vocabSize, thread));
}

// A rank that k tokens or more reach: the k-th among the invocations' bests of blocks; the lowest where there are too few.
fn floorOf(source: Source, k: u32, thread: u32) -> Rank {
  if (!hasBlocks(source) || k > min(threads, numBlocks())) {
    return lowestRank;
  }
  let best = bestOfBlocks(source, thread);
  let rank = rankOf(best.score, best.token);
  workgroupBarrier();
  bests[thread] = best;
  workgroupBarrier();
  var numAbove = 0u;
  for (var i = 0u; i < threads; i++) {
    let other = bests[i];
    if (i != thread && isAtLeast(rankOf(other.score, other.token), rank)) {
      numAbove++;
    }
  }
  if (numAbove == k - 1u) {
    foundFloor = rank;
  }
  return workgroupUniformLoad(&foundFloor);
}

// Prepares a walk over all tokens that are not below `floorRank`, and some others: how many tokenAt() counts.
fn walk(source: Source, floorRank: Rank, thread: u32) -> u32 {
  if (WIDE == 0u) {
    return params.vocabSize;
  }
  workgroupBarrier();
  if (thread == 0u) {
    atomicStore(&numListed, 0u);
  }
  workgroupBarrier();
  for (var block = thread; block < numBlocks(); block += threads) {
    let best = bestOfBlock(source, block);
    if (!source.hasBlocks || isAtLeast(rankOf(best.score, best.token), floorRank)) {
      listed[atomicAdd(&numListed, 1u)] = block;
    }
  }
  workgroupBarrier();
  return blockTokens * atomicLoad(&numListed);
}

// Token i of a walk, in no order; vocabSize or more is none.
fn tokenAt(i: u32) -> u32 {
  if (WIDE == 0u) {
    return i;
  }
  return listed[i / blockTokens] * blockTokens + i % blockTokens;
}

// 64-bit sums as (low, high).
fn sumOf(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  let low = a.x + b.x;
  return vec2(low, a.y + b.y + select(0u, 1u, low < a.x));
}

fn differenceOf(a: vec2<u32>, b: vec2<u32>) -> vec2<u32> {
  return vec2(a.x - b.x, a.y - b.y - select(0u, 1u, a.x < b.x));
}

fn reaches(a: vec2<u32>, b: vec2<u32>) -> bool {
  return a.y > b.y || (a.y == b.y && a.x >= b.x);
}

fn weightOfBin(bin: u32, isMass: bool) -> vec2<u32> {
  if (isMass) {
    return vec2(atomicLoad(&binLows[bin]), atomicLoad(&binHighs[bin]));
  }
  return vec2(atomicLoad(&binCounts[bin]), 0u);
}

// The weight to reach: k, or p of the total, at least one unit.
fn targetOf(weighting: Weighting) -> vec2<u32> {
  if (!weighting.isMass) {
    return vec2(weighting.topK, 0u);
  }
  var total = vec2(0u);
  for (var bin = 0u; bin < numBins; bin++) {
    total = sumOf(total, weightOfBin(bin, true));
  }
  let wanted = weighting.topP * fma(f32(total.y), 4294967296.0, f32(total.x));
  let high = floor(wanted * 0x1p-32);
  let low = u32(fma(high, -4294967296.0, wanted));
  return vec2(max(low, select(0u, 1u, high == 0.0)), u32(high));
}

fn findBin(level: u32, weighting: Weighting) {
  if (level == 0u) {
    remaining = targetOf(weighting);
  }
  var above = vec2(0u);
  for (var down = 0u; down < numBins; down++) {
    let bin = numBins - 1u - down;
    let sum = sumOf(above, weightOfBin(bin, weighting.isMass));
    if (reaches(sum, remaining)) {
      let isWhole = atomicLoad(&binCounts[bin]) == 1u || all(sum == remaining);
      found = Found(bin, select(0u, 1u, isWhole));
      remaining = differenceOf(remaining, above);
      return;
    }
    above = sum;
  }
  // Not reached: rounding put the target above the total, so everything is needed.
  found = Found(0u, 1u);
}

// Whether a rank shares the digits above `level` with the edge.
fn sharesPrefix(rank: Rank, edge: Rank, level: u32) -> bool {
  if (level == 0u) {
    return true;
  }
  if (level < keyLevels) {
    return (rank.key ^ edge.key) >> (32u - digitBits * level) == 0u;
  }
  return rank.key == edge.key && (rank.idKey ^ edge.idKey) >> (56u - digitBits * level) == 0u;
}

fn digitOf(rank: Rank, level: u32) -> u32 {
  let below = digitBits * (level + 1u);
  if (level < keyLevels) {
    return (rank.key >> (32u - below)) & (numBins - 1u);
  }
  return (rank.idKey >> (56u - below)) & (numBins - 1u);
}

// The lowest rank of the shortest run, from the top and not below `floorRank`, whose weights reach the target.
fn selectRun(source: Source, floorRank: Rank, weighting: Weighting, thread: u32) -> Rank {
  var edge = lowestRank;
  for (var level = 0u; level < 56u / digitBits; level++) {
    for (var bin = thread; bin < numBins; bin += threads) {
      atomicStore(&binCounts[bin], 0u);
      atomicStore(&binLows[bin], 0u);
      atomicStore(&binHighs[bin], 0u);
    }
    workgroupBarrier();
    let count = walk(source, higherOf(edge, floorRank), thread);
    for (var i = thread; i < count; i += threads) {
      let token = tokenAt(i);
      if (token >= params.vocabSize) {
        continue;
      }
      let value = valueOf(source, token);
      let rank = rankOf(value, token);
      if (!isAtLeast(rank, floorRank) || !sharesPrefix(rank, edge, level)) {
        continue;
      }
      let digit = digitOf(rank, level);
      if (weighting.isMass) {
        let logMass = (value - weighting.maximum) * weighting.inverseTemperature;
        let mass = u32(exp(max(logMass, -80.0)) * massUnit);
        if (mass == 0u) {
          continue;
        }
        let before = atomicAdd(&binLows[digit], mass);
        if (before > 0xffffffffu - mass) {
          atomicAdd(&binHighs[digit], 1u);
        }
      }
      atomicAdd(&binCounts[digit], 1u);
    }
    workgroupBarrier();
    if (thread == 0u) {
      findBin(level, weighting);
    }
    let bin = workgroupUniformLoad(&found);
    if (level < keyLevels) {
      edge.key |= bin.digit << (32u - digitBits * (level + 1u));
    } else {
      edge.idKey |= bin.digit << (56u - digitBits * (level + 1u));
    }
    if (bin.isWhole != 0u) {
      break;
    }
  }
  return higherOf(edge, floorRank);
}

fn higherOf(a: Rank, b: Rank) -> Rank {
  if (isAtLeast(a, b)) {
    return a;
  }
  return b;
}

// A draw among the tokens not below `floorRank` or min-p.
fn draw(source: Source, sequence: u32, position: u32, maximum: f32, floorRank: Rank, thread: u32) -> u32 {
  let inverseTemperature = settings[sequence].inverseTemperature;
  let seed = settings[sequence].seed;
  let leastLogMass = max(settings[sequence].logMinP, hopeless);
  var best = noBest;
  let count = walk(source, floorRank, thread);
  for (var i = thread; i < count; i += threads) {
    let token = tokenAt(i);
    if (token >= params.vocabSize) {
      continue;
    }
    let value = valueOf(source, token);
    let logMass = (value - maximum) * inverseTemperature;
    if (logMass >= leastLogMass && isAtLeast(rankOf(value, token), floorRank)) {
      best = betterOf(best, Best(logMass + gumbel(seed, position, token), token));
    }
  }
  return reduceBest(thread, best).token;
}

// Log-probabilities under the model's own distribution: of the token, and of the numTop most likely, from rank `edge` on.
fn publishLogprobs(row: u32, source: Source, maximum: f32, token: u32, numTop: u32, edge: Rank, thread: u32) {
  var sum = 0.0;
  for (var other = thread; other < params.vocabSize; other += threads) {
    sum += exp(max(valueOf(source, other) - maximum, -80.0));
  }
  let logTotal = maximum + log(reduceSum(thread, sum));
  let start = row * resultWords;
  if (thread == 0u) {
    results[start + 2u] = bitcast<u32>(valueOf(source, token) - logTotal);
    results[start + 3u] = numTop;
  }
  if (numTop == 0u) {
    return;
  }
  let count = walk(source, edge, thread);
  for (var i = thread; i < count; i += threads) {
    let other = tokenAt(i);
    if (other >= params.vocabSize) {
      continue;
    }
    let value = valueOf(source, other);
    let rank = rankOf(value, other);
    if (isAtLeast(rank, edge)) {
      let index = atomicAdd(&numTopFound, 1u);
      topRanks[index] = rank;
      topValues[index] = value;
    }
  }
  workgroupBarrier();
  for (var index = thread; index < numTop; index += threads) {
    let rank = topRanks[index];
    var place = 0u;
    for (var i = 0u; i < numTop; i++) {
      if (i != index && isAtLeast(topRanks[i], rank)) {
        place++;
      }
    }
    results[start + 4u + 2u * place] = 0xffffffu - rank.idKey;
    results[start + 5u + 2u * place] = bitcast<u32>(topValues[index] - logTotal);
  }
}

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) {
    return;
  }
  let sequence = rows[row].x;
  if (thread == 0u) {
    wasDoneBefore = done[sequence];
  }
  if (workgroupUniformLoad(&wasDoneBefore) != 0u) {
    if (thread == 0u) {
      publishDone(row, sequence);
    }
    return;
  }
  let inverseTemperature = settings[sequence].inverseTemperature;
  let topK = settings[sequence].topK;
  let topP = settings[sequence].topP;
  let numTop = min(min(settings[sequence].numTop, maxTop), params.vocabSize);
  let isDrawing = inverseTemperature > 0.0;
  var source = adjustedSource(row, sequence);
  var maximum = 0.0;
  var token = 0u;
  var edge = lowestRank;
  // Top-k, top-p, log-probabilities by turns of a loop: written out, each with its own selectRun(), they would take more
  // than twice as long to compile.
  for (var turn = 0u; turn < 3u; turn++) {
    if (turn == 2u) {
      if (isDrawing) {
        token = draw(source, sequence, rows[row].y, maximum, edge, thread);
      }
      if (thread == 0u) {
        publish(row, sequence, token);
      }
      if ((settings[sequence].flags & hasLogprobs) == 0u) {
        return;
      }
      source = rawSource(row, sequence);
      edge = lowestRank;
    }
    if (turn != 1u) {
      let best = greatest(source, thread);
      maximum = best.score;
      if (turn == 0u) {
        token = best.token;
      }
    }
    var weighting = Weighting(false, 0.0, 0.0, topK, 1.0);
    var isWanted = isDrawing && topK > 0u && topK < params.vocabSize;
    if (turn == 1u) {
      weighting = Weighting(true, maximum, inverseTemperature, 0u, topP);
      isWanted = isDrawing && topP < 1.0;
    }
    if (turn == 2u) {
      weighting.topK = numTop;
      isWanted = numTop > 0u;
    }
    if (isWanted) {
      if (!weighting.isMass) {
        edge = floorOf(source, weighting.topK, thread);
      }
      edge = selectRun(source, edge, weighting, thread);
    }
  }
  publishLogprobs(row, source, maximum, token, numTop, edge, thread);
}
