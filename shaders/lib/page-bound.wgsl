// The score of a page from its summary: max over a row's queries and the query heads h of a KV head's group of
//   sum_j max(q_h[j] · min_p[j], q_h[j] · max_p[j])
// Binds what the file after this one declares: qkv, summaryTable, summaries, and of params firstRow, numQueries, qkvStride,
// firstKvHead, maxPages, numSummarySlots. Two kernels that use it give the same bits.

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;

// Score of a page before the row's own.
fn scoreOf(row: u32, sequence: u32, kvHead: u32, page: u32) -> f32 {
  let units = HEAD_DIM / 8u;
  let slot = summaryTable[sequence * params.maxPages + page];
  let lower = ((kvHead - params.firstKvHead) * params.numSummarySlots + slot) * 2u * units;
  let upper = lower + units;
  var best = -3.4028234e38;
  for (var i = 0u; i < params.numQueries; i++) {
    let query = (params.firstRow + row + i) * (params.qkvStride / 4u) + kvHead * GROUP * 2u * units;
    for (var block = 0u; block < GROUP; block += 4u) {
      let q0 = query + block * 2u * units;
      let q1 = query + min(block + 1u, GROUP - 1u) * 2u * units;
      let q2 = query + min(block + 2u, GROUP - 1u) * 2u * units;
      let q3 = query + min(block + 3u, GROUP - 1u) * 2u * units;
      var s0 = vec4(0.0);
      var s1 = vec4(0.0);
      var s2 = vec4(0.0);
      var s3 = vec4(0.0);
      for (var unit = 0u; unit < units; unit++) {
        let least = summaries[lower + unit];
        let most = summaries[upper + unit];
        s0 += bound(qkv[q0 + 2u * unit], qkv[q0 + 2u * unit + 1u], least, most);
        if (GROUP > 1u) {
          s1 += bound(qkv[q1 + 2u * unit], qkv[q1 + 2u * unit + 1u], least, most);
        }
        if (GROUP > 2u) {
          s2 += bound(qkv[q2 + 2u * unit], qkv[q2 + 2u * unit + 1u], least, most);
          s3 += bound(qkv[q3 + 2u * unit], qkv[q3 + 2u * unit + 1u], least, most);
        }
      }
      best = max(best, dot(s0, vec4(1.0)));
      if (GROUP > 1u) {
        best = max(best, dot(s1, vec4(1.0)));
      }
      if (GROUP > 2u) {
        best = max(best, max(dot(s2, vec4(1.0)), dot(s3, vec4(1.0))));
      }
    }
  }
  return best;
}

// Upper bounds of the products of eight channels, added in fours.
fn bound(low: vec4<f32>, high: vec4<f32>, least: KvEight, most: KvEight) -> vec4<f32> {
  return max(low * kvLow(least), low * kvLow(most)) + max(high * kvHigh(least), high * kvHigh(most));
}
