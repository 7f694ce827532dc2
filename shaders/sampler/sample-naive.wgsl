// Logits to a token, after sample-common: as sample.wgsl, by one invocation a row that walks down the order of tokens.
//
// Grid: one workgroup of one invocation a row. The referee of sample.wgsl; time grows with vocabSize · tokens kept.

// All variants take the same constants; this one has a single invocation whatever it says.
override threads: u32 = 1u;
override digitBits: u32 = 8u;
override WIDE: u32 = 0u;

const least = -3e38;

// The first token below `above` in the order, or vocabSize when none is left.
fn nextBelow(source: Source, above: Rank) -> u32 {
  var best = lowestRank;
  var result = params.vocabSize;
  for (var token = 0u; token < params.vocabSize; token++) {
    let rank = rankOf(valueOf(source, token), token);
    if (!isAtLeast(rank, above) && (result == params.vocabSize || isAtLeast(rank, best))) {
      best = rank;
      result = token;
    }
  }
  return result;
}

fn rankIn(source: Source, token: u32) -> Rank {
  return rankOf(valueOf(source, token), token);
}

const aboveAll = Rank(0xffffffffu, 0xffffffu);

fn massOf(source: Source, token: u32, maximum: f32, inverseTemperature: f32) -> f32 {
  return exp(max((valueOf(source, token) - maximum) * inverseTemperature, -80.0));
}

fn draw(source: Source, sequence: u32, position: u32, maximum: f32) -> u32 {
  let inverseTemperature = settings[sequence].inverseTemperature;
  let topK = settings[sequence].topK;
  let topP = settings[sequence].topP;
  var edge = lowestRank;
  if (topK > 0u && topK < params.vocabSize) {
    edge = aboveAll;
    for (var i = 0u; i < topK; i++) {
      edge = rankIn(source, nextBelow(source, edge));
    }
  }
  if (topP < 1.0) {
    var total = 0.0;
    for (var token = 0u; token < params.vocabSize; token++) {
      if (isAtLeast(rankIn(source, token), edge)) {
        total += massOf(source, token, maximum, inverseTemperature);
      }
    }
    var reached = 0.0;
    var rank = aboveAll;
    loop {
      let token = nextBelow(source, rank);
      if (token == params.vocabSize || !isAtLeast(rankIn(source, token), edge)) {
        break;
      }
      rank = rankIn(source, token);
      reached += massOf(source, token, maximum, inverseTemperature);
      if (reached >= topP * total) {
        break;
      }
    }
    edge = rank;
  }
  var bestScore = least;
  var best = 0u;
  for (var token = 0u; token < params.vocabSize; token++) {
    let logMass = (valueOf(source, token) - maximum) * inverseTemperature;
    if (logMass >= settings[sequence].logMinP && isAtLeast(rankIn(source, token), edge)) {
      let score = logMass + gumbel(settings[sequence].seed, position, token);
      if (score > bestScore) {
        bestScore = score;
        best = token;
      }
    }
  }
  return best;
}

fn publishLogprobs(row: u32, sequence: u32, token: u32) {
  let source = rawSource(row, sequence);
  let maximum = valueOf(source, nextBelow(source, aboveAll));
  var sum = 0.0;
  for (var other = 0u; other < params.vocabSize; other++) {
    sum += massOf(source, other, maximum, 1.0);
  }
  let logTotal = maximum + log(sum);
  let start = row * resultWords;
  let numTop = min(min(settings[sequence].numTop, maxTop), params.vocabSize);
  results[start + 2u] = bitcast<u32>(valueOf(source, token) - logTotal);
  results[start + 3u] = numTop;
  var rank = aboveAll;
  for (var i = 0u; i < numTop; i++) {
    let next = nextBelow(source, rank);
    rank = rankIn(source, next);
    results[start + 4u + 2u * i] = next;
    results[start + 5u + 2u * i] = bitcast<u32>(valueOf(source, next) - logTotal);
  }
}

@compute @workgroup_size(1)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
  let row = group.y * groups.x + group.x;
  if (row >= params.rows) {
    return;
  }
  let sequence = rows[row].x;
  if (done[sequence] != 0u) {
    publishDone(row, sequence);
    return;
  }
  let source = adjustedSource(row, sequence);
  var token = nextBelow(source, aboveAll);
  if (settings[sequence].inverseTemperature > 0.0) {
    token = draw(source, sequence, rows[row].y, valueOf(source, token));
  }
  publish(row, sequence, token);
  if ((settings[sequence].flags & hasLogprobs) != 0u) {
    publishLogprobs(row, sequence, token);
  }
}
