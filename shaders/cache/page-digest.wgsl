// Digests of full pages: the page's 16 keys, as stored, in two bits a channel. Per token
//   r = H k / sqrt(B), H the Hadamard transform of each block of B channels, B the largest power of two that divides HEAD_DIM
//   code of a channel: 0 … 3 for -1.51 s, -0.453 s, 0.453 s, 1.51 s, s = sqrt(mean r^2): the four levels that a normal
//   distribution is rounded to with the least squared error (Lloyd, Max); the borders are 0 and ±0.9816 s
// Rotated channels are close to normally distributed, whatever outliers the keys have.
//
// Grid: one workgroup an entry of the list.
//   pool     [pages] of PoolWord: lib/kv-pool or lib/kv-pool-int8; a pool, a tile, or staged pages
//   digests  [slots, digest] u32, a digest being
//     [HEAD_DIM / 8, 8]  codes: word j of eight channels has tokens 2j and 2j + 1; bits 8b + 2f are channel 4 (f % 2) + b of
//                        token 2j + f / 2
//     [8]                f16 pairs: 0.151 s of tokens 2j and 2j + 1, so that the levels are -10, -3, 3, 10
//   list     [entries] (page, slot)
// Limits: HEAD_DIM is a multiple of 8, at most 512.

struct Params {
  numEntries: u32,
}

@group(0) @binding(0) var<storage, read> pool: array<PoolWord>;
@group(0) @binding(1) var<storage, read_write> digests: array<u32>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<vec2<u32>>;

override HEAD_DIM: u32 = 64;
// 1: what is read is rounded to f16, as pages of elements have it.
override ROUND: u32 = 0;
// Tokens at a time: 4, 8 or 16, as many as fit by default.
override TOKENS: u32 = select(select(4u, 8u, HEAD_DIM <= 256u), 16u, HEAD_DIM <= 128u);
// At least 8.
override threads: u32 = 64;
// The square of 0.9816, and 0.151.
const border = 0.96353856;
const levelUnit = 0.151;

var<workgroup> keys: array<f32, TOKENS * HEAD_DIM>;
var<workgroup> squares: array<f32, 16>;

fn asStored(x: vec4<f32>) -> vec4<f32> {
  if (ROUND == 0u) {
    return x;
  }
  return vec4(unpack2x16float(pack2x16float(x.xy)), unpack2x16float(pack2x16float(x.zw)));
}

fn put(at: u32, low: vec4<f32>, high: vec4<f32>) {
  let a = asStored(low);
  let b = asStored(high);
  for (var i = 0u; i < 4u; i++) {
    keys[at + i] = a[i];
    keys[at + 4u + i] = b[i];
  }
}

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let entry = group.y * groups.x + group.x;
  if (entry >= params.numEntries) {
    return;
  }
  let page = list[entry].x;
  let digest = list[entry].y * (HEAD_DIM + 8u);
  let units = HEAD_DIM / 8u;
  let block = HEAD_DIM & (~HEAD_DIM + 1u);
  for (var first = 0u; first < 16u; first += TOKENS) {
    for (var i = thread; i < TOKENS / 4u * units; i += threads) {
      let token = i / units * 4u;
      let unit = i % units;
      let four = poolKeys(page, first + token, unit);
      for (var j = 0u; j < 4u; j++) {
        put((token + j) * HEAD_DIM + 8u * unit, four.low[j], four.high[j]);
      }
    }
    workgroupBarrier();
    if (thread < TOKENS) {
      var sum = 0.0;
      for (var i = 0u; i < HEAD_DIM; i++) {
        let key = keys[thread * HEAD_DIM + i];
        sum = fma(key, key, sum);
      }
      squares[first + thread] = sum;
    }
    workgroupBarrier();
    for (var half = 1u; half < block; half *= 2u) {
      for (var i = thread; i < TOKENS * HEAD_DIM / 2u; i += threads) {
        let at = i / half * 2u * half + i % half;
        let a = keys[at];
        let b = keys[at + half];
        keys[at] = a + b;
        keys[at + half] = a - b;
      }
      workgroupBarrier();
    }
    for (var i = thread; i < TOKENS / 2u * units; i += threads) {
      let token = i / units * 2u;
      let unit = i % units;
      var word = 0u;
      for (var field = 0u; field < 4u; field++) {
        let at = (token + field / 2u) * HEAD_DIM + 8u * unit + 4u * (field % 2u);
        let outer = border * (squares[first + token + field / 2u] * f32(block));
        for (var channel = 0u; channel < 4u; channel++) {
          let r = keys[at + channel];
          let square = r * abs(r) * f32(HEAD_DIM);
          let code = u32(square > -outer) + u32(square >= 0.0) + u32(square > outer);
          word |= code << (8u * channel + 2u * field);
        }
      }
      digests[digest + 8u * unit + (first + token) / 2u] = word;
    }
    workgroupBarrier();
  }
  if (thread < 8u) {
    let mean = vec2(squares[2u * thread], squares[2u * thread + 1u]) / f32(HEAD_DIM);
    digests[digest + HEAD_DIM + thread] = pack2x16float(min(sqrt(mean) * levelUnit, vec2(65504.0)));
  }
}
