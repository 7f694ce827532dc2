// What both variants of matmul-int8 are given; what it is stands in matmul-int8.wgsl.

struct Params {
  columns: u32,
  numOutputs: u32,
  numRows: u32,
  firstOutput: u32,
  outputOffset: u32,
  outputStride: u32,
  hasBias: u32,
  isResidual: u32,
}

@group(0) @binding(1) var<storage, read> codes: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> inputScales: array<f32>;
@group(0) @binding(3) var<storage, read> bias: array<f32>;
@group(0) @binding(4) var<storage, read_write> y: array<f32>;
@group(0) @binding(16) var<uniform> params: Params;
