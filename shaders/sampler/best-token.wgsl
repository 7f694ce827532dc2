// The first token in the order among those of a workgroup, after sample-common and a module with `threads`. No entry point.

// The best of each invocation.
var<workgroup> bests: array<Best, threads>;

struct Best {
  score: f32,
  token: u32,
}

const least = -3e38;
const noBest = Best(least, 0xffffffffu);

// The greater score, ties to the lower token.
fn betterOf(a: Best, b: Best) -> Best {
  if (b.score > a.score || (b.score == a.score && b.token < a.token)) {
    return b;
  }
  return a;
}

// The best of what all invocations give.
fn reduceBest(thread: u32, best: Best) -> Best {
  bests[thread] = best;
  for (var stride = threads / 2u; stride > 0u; stride /= 2u) {
    workgroupBarrier();
    if (thread < stride) {
      bests[thread] = betterOf(bests[thread], bests[thread + stride]);
    }
  }
  return workgroupUniformLoad(&bests[0]);
}

// An invocation's share of the tokens in [first, end).
fn bestOfShare(source: Source, first: u32, end: u32, thread: u32) -> Best {
  var best = noBest;
  for (var token = first + thread; token < end; token += threads) {
    best = betterOf(best, Best(valueOf(source, token), token));
  }
  return best;
}
