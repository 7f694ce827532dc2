// What all variants of top-k are given; what it is stands in top-k.wgsl.

struct Params {
  numTasks: u32,
  kvHeads: u32,
  budget: u32,
  listOffset: u32,
  numLists: u32,
  listCapacity: u32,
  scoreStride: u32,
}

@group(0) @binding(0) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read> scores: array<f32>;
@group(0) @binding(2) var<storage, read_write> listState: array<vec2<u32>>;
@group(0) @binding(3) var<storage, read_write> lists: array<u32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec2<u32>>;
