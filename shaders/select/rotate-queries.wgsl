// queries[place, h] = the rotated query of head h of a row in 8 bits: r = H q / sqrt(B) as in cache/page-digest,
// code = round(127 r / max |r|), so that r = code · max |r| / 127.
// Row i goes to place i; with a ring for each sequence, ringSize > 0, to ringOffset + sequence · ringSize + its place there.
//
// Grid: [query heads, rows].
//   qkv      [rows, qkvStride] f32: queries after RoPE, of row i in row firstRow + i
//   rows     [rows] (sequence, position, place in the ring, -); read only with rings
//   queries  [places, heads, HEAD_DIM / 4 + 2] u32: codes, the lowest channel in the lowest byte; the bits of
//            scale · max |r| / 127 / sqrt(B) as f32; the sum of the codes as i32
// Limits: HEAD_DIM is a multiple of 8, at most 512.

struct Params {
  qkvStride: u32,
  numHeads: u32,
  firstRow: u32,
  ringOffset: u32,
  ringSize: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<f32>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read_write> queries: array<u32>;
@group(0) @binding(16) var<uniform> params: Params;

override HEAD_DIM: u32 = 64;
override threads: u32 = 64;

var<workgroup> channels: array<f32, HEAD_DIM>;
var<workgroup> largest: array<f32, threads>;
var<workgroup> sums: array<i32, threads>;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let head = group.x;
  let source = (params.firstRow + group.y) * params.qkvStride + head * HEAD_DIM;
  for (var i = thread; i < HEAD_DIM; i += threads) {
    channels[i] = qkv[source + i];
  }
  workgroupBarrier();
  let block = HEAD_DIM & (~HEAD_DIM + 1u);
  for (var half = 1u; half < block; half *= 2u) {
    for (var i = thread; i < HEAD_DIM / 2u; i += threads) {
      let at = i / half * 2u * half + i % half;
      let a = channels[at];
      let b = channels[at + half];
      channels[at] = a + b;
      channels[at + half] = a - b;
    }
    workgroupBarrier();
  }
  var most = 0.0;
  for (var i = thread; i < HEAD_DIM; i += threads) {
    most = max(most, abs(channels[i]));
  }
  largest[thread] = most;
  workgroupBarrier();
  most = 0.0;
  for (var i = 0u; i < threads; i++) {
    most = max(most, largest[i]);
  }
  var place = group.y;
  if (params.ringSize > 0u) {
    let row = rows[group.y];
    place = params.ringOffset + row.x * params.ringSize + row.z;
  }
  let start = (place * params.numHeads + head) * (HEAD_DIM / 4u + 2u);
  let toCode = select(127.0 / most, 0.0, most == 0.0);
  var sum = 0;
  for (var word = thread; word < HEAD_DIM / 4u; word += threads) {
    var codes = 0u;
    for (var i = 0u; i < 4u; i++) {
      let code = i32(clamp(floor(channels[4u * word + i] * toCode + 0.5), -127.0, 127.0));
      sum += code;
      codes |= (bitcast<u32>(code) & 255u) << (8u * i);
    }
    queries[start + word] = codes;
  }
  sums[thread] = sum;
  workgroupBarrier();
  if (thread == 0u) {
    sum = 0;
    for (var i = 0u; i < threads; i++) {
      sum += sums[i];
    }
    // Twelve bits of it are enough, and the same wherever division and root are only nearly exact.
    let scale = params.scale * most / 127.0 * inverseSqrt(f32(block));
    queries[start + HEAD_DIM / 4u] = (bitcast<u32>(scale) + 0x800u) & 0xfffff000u;
    queries[start + HEAD_DIM / 4u + 1u] = bitcast<u32>(sum);
  }
}
