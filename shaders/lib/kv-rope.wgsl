// What one invocation holds of a q, k or v head: eight channels, and the channels that RoPE pairs them with.
// Rotate-half pairs: channels i and i + rotaryDim/2 turn by the angle of frequency i; channels from rotaryDim on do not
// turn. Needs the bindings `qkv`, `ropeTable`, `qkNorm` and the parameters `rotaryDim`, `epsilon`.

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
// 1: heads are normed before RoPE, 2: after it.
override QK_NORM: u32 = 0;
// Queries at position p are multiplied by 1 + GROWTH * log(1 + floor(p / SPAN)).
override GROWTH: f32 = 0;
override SPAN: u32 = 1;

const threads = 64u;
var<workgroup> squares: array<f32, threads>;

// Two neighbouring quads of four channels and their partners; `quad` is the first one's index in its head.
struct Share {
  quad: u32,
  first: vec4<f32>,
  second: vec4<f32>,
  firstPartner: vec4<f32>,
  secondPartner: vec4<f32>,
}

fn partnerQuad(quad: u32) -> u32 {
  let halfQuads = params.rotaryDim / 8u;
  if (quad < halfQuads) {
    return quad + halfQuads;
  }
  return select(quad, quad - halfQuads, quad < 2u * halfQuads);
}

// `start`: index of the head's first vec4 in `qkv`; `unit`: which eight channels.
fn loadShare(start: u32, unit: u32) -> Share {
  let quad = 2u * unit;
  return Share(
    quad,
    qkv[start + quad],
    qkv[start + quad + 1u],
    qkv[start + partnerQuad(quad)],
    qkv[start + partnerQuad(quad + 1u)],
  );
}

fn sumOfSquares(share: Share) -> f32 {
  return dot(share.first, share.first) + dot(share.second, share.second);
}

// 1 / rms of a head whose invocations start at `firstThread`, after `squares` was filled.
fn inverseRms(firstThread: u32) -> f32 {
  var sum = 0.0;
  for (var i = 0u; i < HEAD_DIM / 8u; i++) {
    sum += squares[firstThread + i];
  }
  return inverseSqrt(sum / f32(HEAD_DIM) + params.epsilon);
}

// Multiplies by `scale` and the norm's weight; `weightRow` 0 for q heads, 1 for k heads.
fn normed(share: Share, scale: f32, weightRow: u32) -> Share {
  let start = weightRow * (HEAD_DIM / 4u);
  return Share(
    share.quad,
    share.first * scale * qkNorm[start + share.quad],
    share.second * scale * qkNorm[start + share.quad + 1u],
    share.firstPartner * scale * qkNorm[start + partnerQuad(share.quad)],
    share.secondPartner * scale * qkNorm[start + partnerQuad(share.quad + 1u)],
  );
}

// A q (`weightRow` 0) or k head's share after norm and RoPE.
fn turned(given: Share, firstThread: u32, weightRow: u32, position: u32) -> Share {
  var share = given;
  if (QK_NORM == 1u) {
    share = normed(share, inverseRms(firstThread), weightRow);
  }
  share.first = rotated(share.first, share.firstPartner, share.quad, position);
  share.second = rotated(share.second, share.secondPartner, share.quad + 1u, position);
  if (QK_NORM == 2u) {
    // A rotation changes no head's length.
    share = normed(share, inverseRms(firstThread), weightRow);
  }
  if (weightRow == 0u && GROWTH > 0.0) {
    let growth = 1.0 + GROWTH * log(1.0 + f32(position / SPAN));
    share.first *= growth;
    share.second *= growth;
  }
  return share;
}

// A quad after RoPE: table rows 0…255 are positions 0…255, row 256 + h is position 256·h.
fn rotated(own: vec4<f32>, partner: vec4<f32>, quad: u32, position: u32) -> vec4<f32> {
  let halfQuads = params.rotaryDim / 8u;
  if (quad >= 2u * halfQuads) {
    return own;
  }
  let isFirstHalf = quad < halfQuads;
  let column = 2u * select(quad - halfQuads, quad, isFirstHalf);
  let low = (position & 255u) * 2u * halfQuads + column;
  let high = (256u + (position >> 8u)) * 2u * halfQuads + column;
  let lowA = ropeTable[low];
  let lowB = ropeTable[low + 1u];
  let highA = ropeTable[high];
  let highB = ropeTable[high + 1u];
  let lowCos = vec4(lowA.xz, lowB.xz);
  let lowSin = vec4(lowA.yw, lowB.yw);
  let highCos = vec4(highA.xz, highB.xz);
  let highSin = vec4(highA.yw, highB.yw);
  let cosine = fma(lowCos, highCos, -lowSin * highSin);
  let sine = fma(lowSin, highCos, lowCos * highSin);
  return fma(own, cosine, select(partner, -partner, isFirstHalf) * sine);
}
