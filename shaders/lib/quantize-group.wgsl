// Groups of 32 columns of a row in 8 bits, eight invocations a group: for a kernel with bindings `codes` and `inputScales` as in
// linear/quantize-rows.wgsl.

const lanes = 8u;
const groupsAtOnce = 32u;
const threads = 256u;
// The greatest of each vector, and its codes in the order of their columns.
var<workgroup> greatest: array<f32, threads>;
var<workgroup> rounded: array<u32, threads>;

// Four columns of group `index` of all rows' groups, which is stored if `isIn`, its scale times `factor`. All invocations call it, once.
fn putGroup(thread: u32, index: u32, isIn: bool, vector: vec4<f32>, factor: f32) {
  let lane = thread % lanes;
  let size = abs(vector);
  greatest[thread] = max(max(size.x, size.y), max(size.z, size.w));
  workgroupBarrier();
  let first = thread - lane;
  var most = greatest[first];
  for (var i = 1u; i < lanes; i++) {
    most = max(most, greatest[first + i]);
  }
  let scale = select(0.0, 127.0 / most, most > 0.0);
  let bytes = vec4<u32>(vec4<i32>(round(vector * scale))) & vec4<u32>(255u);
  rounded[thread] = bytes.x | (bytes.y << 8u) | (bytes.z << 16u) | (bytes.w << 24u);
  workgroupBarrier();
  if (!isIn) {
    return;
  }
  let pair = first + 2u * (lane % 4u);
  let shift = 8u * (lane / 4u);
  codes[index * lanes + lane] = everySecond(rounded[pair] >> shift) | (everySecond(rounded[pair + 1u] >> shift) << 16u);
  if (lane == 0u) {
    inputScales[index] = most / 127.0 * factor;
  }
}

// Bytes 0 and 2 of a word side by side.
fn everySecond(word: u32) -> u32 {
  let apart = word & 0x00ff00ffu;
  return (apart | (apart >> 8u)) & 0xffffu;
}
