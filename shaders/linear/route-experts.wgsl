// Which experts each row goes to, and which rows each expert has. For row r with softmax p over its logits, its perToken largest
// p_e, ties to the first, are its experts; pair r * perToken + s is row r with the s-th of them.
//
// Grid: one workgroup.
//   logits  [rows, numExperts] f32
//   routes  with P = rows * perToken: [P] the expert of each pair; [P] pairs by expert; [numExperts + 1] where in that list each
//           expert's begin, and the list's end
//   shares  [P] f32: p_e of each pair, or p_e over the sum of the row's

struct Params {
  rows: u32,
  numExperts: u32,
  perToken: u32,
  isNormalized: u32,
}

@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read_write> routes: array<u32>;
@group(0) @binding(2) var<storage, read_write> shares: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;

const threads = 256u;
const lowest = -3.0e38;

@compute @workgroup_size(threads)
fn main(@builtin(local_invocation_index) thread: u32) {
  let numExperts = params.numExperts;
  let numPairs = params.rows * params.perToken;
  let starts = 2u * numPairs;
  for (var row = thread; row < params.rows; row += threads) {
    chooseFor(row);
  }
  storageBarrier();
  workgroupBarrier();
  for (var expert = thread; expert < numExperts; expert += threads) {
    var count = 0u;
    for (var pair = 0u; pair < numPairs; pair++) {
      count += u32(routes[pair] == expert);
    }
    routes[starts + expert + 1u] = count;
  }
  storageBarrier();
  workgroupBarrier();
  if (thread == 0u) {
    routes[starts] = 0u;
    for (var expert = 0u; expert < numExperts; expert++) {
      routes[starts + expert + 1u] += routes[starts + expert];
    }
  }
  storageBarrier();
  workgroupBarrier();
  for (var expert = thread; expert < numExperts; expert += threads) {
    var place = numPairs + routes[starts + expert];
    for (var pair = 0u; pair < numPairs; pair++) {
      if (routes[pair] == expert) {
        routes[place] = pair;
        place++;
      }
    }
  }
}

fn chooseFor(row: u32) {
  let start = row * params.numExperts;
  var largest = lowest;
  for (var expert = 0u; expert < params.numExperts; expert++) {
    largest = max(largest, logits[start + expert]);
  }
  var sum = 0.0;
  for (var expert = 0u; expert < params.numExperts; expert++) {
    sum += exp(logits[start + expert] - largest);
  }
  let first = row * params.perToken;
  var total = 0.0;
  // Each is the best of those that come after the one before.
  var previous = -lowest;
  var previousExpert = 0u;
  for (var slot = 0u; slot < params.perToken; slot++) {
    var best = lowest;
    var chosen = params.numExperts - 1u;
    for (var expert = 0u; expert < params.numExperts; expert++) {
      let logit = logits[start + expert];
      let isAfter = logit < previous || (logit == previous && expert > previousExpert);
      if (isAfter && logit > best) {
        best = logit;
        chosen = expert;
      }
    }
    previous = best;
    previousExpert = chosen;
    let share = exp(best - largest) / sum;
    total += share;
    routes[first + slot] = chosen;
    shares[first + slot] = share;
  }
  if (params.isNormalized == 0u) {
    return;
  }
  for (var slot = 0u; slot < params.perToken; slot++) {
    shares[first + slot] /= total;
  }
}
