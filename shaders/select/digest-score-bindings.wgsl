// What all variants of digest-score are given; what it is stands in digest-score.wgsl. A variant says how many words of a digest it
// takes at once: `alias DigestWords`.

struct Params {
  firstTask: u32,
  firstQuery: u32,
  numQueries: u32,
  queryOffset: u32,
  ringOffset: u32,
  ringSize: u32,
  firstKvHead: u32,
  kvHeads: u32,
  maxPages: u32,
  numSummarySlots: u32,
  scoreStride: u32,
}

@group(0) @binding(0) var<storage, read> queries: array<u32>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> summaryTable: array<u32>;
@group(0) @binding(3) var<storage, read> digests: array<DigestWords>;
@group(0) @binding(4) var<storage, read_write> logMasses: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec4<u32>>;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
