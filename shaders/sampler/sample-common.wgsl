// What both ways to sample share: bindings, the adjusted logit, the order of tokens, the noise. No entry point.
//
//   adjusted = logit, times or over the repetition penalty when the token was seen in prompt or answer
//              (Keskar et al. 2019, arXiv 1909.05858, in the sign-aware form of Hugging Face), minus
//              count·frequencyPenalty + presencePenalty when it was seen in the answer (OpenAI), plus its bias
//   order    = greater adjusted logit first, then the lower id; NaN counts as the least logit
//   mass     = exp((adjusted − maximum) / temperature), in units of 2^-31 where it is summed as an integer
//   noise    = Gumbel, −log(−log(1 − v)), v = hash(seed, position, token) / 2^32: the token with the greatest
//              log mass + noise is a draw from the softmax (Gumbel-max)
//
//   logits   [rows, vocabSize] f32, read as bits
//   rows     [rows] (sequence, position of the processed token, reserved, reserved)
//   settings [sequences] Settings
//   history  [sequences, vocabSize]: bit 31 seen in the prompt, bits 16…30 count in the answer, bits 0…15 bias as f16;
//            touched only where a sequence's settings have hasHistory
//   tokens   [sequences]: the latest sampled token
//   done     [sequences]: 1 after an end-of-sequence token
//   results  [rows, 44]: token; flags (1 done, 2 was done before, 4 has log-probabilities, 8 the token's logit is infinite
//            or no number); log-probability of the token, f32; number of top tokens; then 20 pairs (id, log-probability f32), descending
//   blocks   [rows, ceil(vocabSize / 256)] (adjusted logit f32, id) of each block's first token in the order, where
//            sample-blocks was dispatched before

struct Params {
  rows: u32,
  vocabSize: u32,
}

struct Settings {
  inverseTemperature: f32, // 0: greedy
  topK: u32, // 0: off
  topP: f32, // 1 or more: off
  logMinP: f32, // the least log mass that stays
  repetitionPenalty: f32,
  inverseRepetitionPenalty: f32,
  frequencyPenalty: f32,
  presencePenalty: f32,
  seed: u32,
  flags: u32,
  numTop: u32,
  numEos: u32,
  reserved: vec4<u32>,
  eosIds: array<u32, 16>,
}

const hasHistory = 1u;
const hasLogprobs = 2u;

const isDone = 1u;
const wasDone = 2u;
const hasResultLogprobs = 4u;
const isBroken = 8u;
const resultWords = 44u;
const maxTop = 20u;

@group(0) @binding(0) var<storage, read> logits: array<u32>;
@group(0) @binding(1) var<storage, read> rows: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> settings: array<Settings>;
@group(0) @binding(3) var<storage, read_write> history: array<u32>;
@group(0) @binding(4) var<storage, read_write> tokens: array<u32>;
@group(0) @binding(5) var<storage, read_write> done: array<u32>;
@group(0) @binding(6) var<storage, read_write> results: array<u32>;
@group(0) @binding(7) var<storage, read_write> blocks: array<vec2<u32>>;
@group(0) @binding(16) var<uniform> params: Params;

// Where the logits of one row come from, and what is done to them.
struct Source {
  firstLogit: u32,
  firstHistory: u32,
  firstBlock: u32,
  isAdjusted: bool,
  // Whether `blocks` is about these logits.
  hasBlocks: bool,
  repetitionPenalty: f32,
  inverseRepetitionPenalty: f32,
  frequencyPenalty: f32,
  presencePenalty: f32,
}

const blockTokens = 256u;

fn numBlocks() -> u32 {
  return (params.vocabSize + blockTokens - 1u) / blockTokens;
}

fn adjustedSource(row: u32, sequence: u32) -> Source {
  return Source(
    row * params.vocabSize,
    sequence * params.vocabSize,
    row * numBlocks(),
    (settings[sequence].flags & hasHistory) != 0u,
    true,
    settings[sequence].repetitionPenalty,
    settings[sequence].inverseRepetitionPenalty,
    settings[sequence].frequencyPenalty,
    settings[sequence].presencePenalty,
  );
}

fn rawSource(row: u32, sequence: u32) -> Source {
  let hasBlocks = (settings[sequence].flags & hasHistory) == 0u;
  return Source(row * params.vocabSize, 0u, row * numBlocks(), false, hasBlocks, 1.0, 1.0, 0.0, 0.0);
}

// Logits are kept within ±1e30, so that no difference of two becomes infinite. Bits are compared, not floats: a
// compiler may assume that no float is NaN or infinite.
const largest = 1e30;
const largestBits = 0x7149f2cau;
const infinityBits = 0x7f800000u;

fn boundedLogit(bits: u32) -> f32 {
  let magnitude = bits & 0x7fffffffu;
  if (magnitude <= largestBits) {
    return bitcast<f32>(bits);
  }
  let isLow = bits != magnitude || magnitude > infinityBits;
  return select(largest, -largest, isLow);
}

fn valueOf(source: Source, token: u32) -> f32 {
  var value = boundedLogit(logits[source.firstLogit + token]);
  if (source.isAdjusted) {
    let word = history[source.firstHistory + token];
    if (word != 0u) {
      if (word > 0xffffu) {
        value *= select(source.repetitionPenalty, source.inverseRepetitionPenalty, value > 0.0);
      }
      let count = (word >> 16u) & 0x7fffu;
      if (count > 0u) {
        value -= fma(f32(count), source.frequencyPenalty, source.presencePenalty);
      }
      value = clamp(value + unpack2x16float(word).x, -largest, largest);
    }
  }
  return value;
}

// A token's place in the order: greater key first, then the greater idKey, which is the lower id (ids below 2^24).
struct Rank {
  key: u32,
  idKey: u32,
}

const lowestRank = Rank(0u, 0u);

fn rankOf(value: f32, token: u32) -> Rank {
  var bits = bitcast<u32>(value);
  if (bits == 0x80000000u) {
    bits = 0u;
  }
  let key = bits ^ select(0x80000000u, 0xffffffffu, bits >= 0x80000000u);
  return Rank(key, 0xffffffu - token);
}

fn isAtLeast(a: Rank, b: Rank) -> bool {
  return a.key > b.key || (a.key == b.key && a.idKey >= b.idKey);
}

const massUnit = 2147483648.0;

// The mixing of pcg3d (Jarzynski and Olano 2020, "Hash Functions for GPU Rendering", JCGT 9.3).
fn hash(seed: u32, position: u32, token: u32) -> u32 {
  var v = vec3(seed, position, token) * 1664525u + 1013904223u;
  v.x += v.y * v.z;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  v ^= v >> vec3(16u);
  v.x += v.y * v.z;
  v.y += v.z * v.x;
  v.z += v.x * v.y;
  return v.x;
}

// The noise lies between −2.9 and 22.9, so a token whose log mass is below this never wins.
const hopeless = -26.0;

fn gumbel(seed: u32, position: u32, token: u32) -> f32 {
  let v = min((f32(hash(seed, position, token)) + 0.5) * 0x1p-32, 0.99999994);
  // −log(1 − v): by its series where 1 − v would lose the digits that decide between many tokens.
  let series = v * fma(v, fma(v, fma(v, 0.25, 1.0 / 3.0), 0.5), 1.0);
  return -log(select(-log(1.0 - v), series, v < 0.015625));
}

fn isEos(sequence: u32, token: u32) -> bool {
  for (var i = 0u; i < min(settings[sequence].numEos, 16u); i++) {
    if (settings[sequence].eosIds[i] == token) {
      return true;
    }
  }
  return false;
}

// Makes the token the sequence's latest: for one invocation a row.
fn publish(row: u32, sequence: u32, token: u32) {
  let flags = settings[sequence].flags;
  let isLast = isEos(sequence, token);
  tokens[sequence] = token;
  if (isLast) {
    done[sequence] = 1u;
  }
  if ((flags & hasHistory) != 0u) {
    let index = sequence * params.vocabSize + token;
    let word = history[index];
    if (((word >> 16u) & 0x7fffu) < 0x7fffu) {
      history[index] = word + 0x10000u;
    }
  }
  let start = row * resultWords;
  results[start] = token;
  let magnitude = logits[row * params.vocabSize + token] & 0x7fffffffu;
  results[start + 1u] = select(0u, isDone, isLast)
    | select(0u, hasResultLogprobs, (flags & hasLogprobs) != 0u)
    | select(0u, isBroken, magnitude >= infinityBits);
  results[start + 2u] = 0u;
  results[start + 3u] = 0u;
}

// What a row of a finished sequence gives: its last token again.
fn publishDone(row: u32, sequence: u32) {
  let start = row * resultWords;
  results[start] = tokens[sequence];
  results[start + 1u] = isDone | wasDone;
  results[start + 2u] = 0u;
  results[start + 3u] = 0u;
}
