// A matrix slab of 4-bit affine groups: values [rows, columns rounded up to 32] of 4 bits, lowest bits first;
// w = scale * q + bias, with scale and bias of 32 or more columns from an affine-*.wgsl.

@group(0) @binding(0) var<storage, read> values: array<vec4<u32>>;

// 16 bytes of a row hold this many columns; blockVectors = blockColumns / 4.
const blockColumns = 32u;
const blockVectors = 8u;

fn blocksPerRow(columns: u32) -> u32 {
  return (columns + 31u) / 32u;
}

// One weight, for kernels that do not care for speed.
fn weightAt(row: u32, column: u32, columns: u32) -> f32 {
  let word = values[row * blocksPerRow(columns) + column / 32u][column % 32u / 8u];
  let q = extractBits(word, column % 8u * 4u, 4u);
  let affine = affineValue(affineAt(row, column, columns));
  return fma(affine.x, f32(q), affine.y);
}

// Eight weights of a row as they are stored; those of the row's last vector where there are no more.
struct Eight {
  word: u32,
  affine: Affine,
}

fn eightAt(row: u32, eight: u32, columns: u32) -> Eight {
  let stride = blocksPerRow(columns);
  let at = min(eight, 4u * stride - 1u);
  return Eight(values[row * stride + at / 4u][at % 4u], affineAt(row, at * 8u, columns));
}

fn firstOfEight(eight: Eight) -> vec4<f32> {
  return weightsOf(eight.word, eight.affine);
}

fn lastOfEight(eight: Eight) -> vec4<f32> {
  return weightsOf(eight.word >> 16u, eight.affine);
}

// An integer below 2^23 in the last bits of 2^23 is that much more: so it becomes a float without a conversion.
fn weightsOf(halfWord: u32, group: Affine) -> vec4<f32> {
  let affine = affineValue(group);
  let q = (vec4<u32>(halfWord) >> vec4<u32>(0u, 4u, 8u, 12u)) & vec4<u32>(15u);
  let integers = bitcast<vec4<f32>>(q | vec4<u32>(0x4b000000u)) - vec4<f32>(8388608.0);
  return fma(vec4<f32>(affine.x), integers, vec4<f32>(affine.y));
}

// 16 bytes of a row as they are stored.
alias Raw = vec4<u32>;
// One such vector of weights, or the inputs that it meets, as f32.
alias Block = array<vec4<f32>, blockVectors>;

// The integers q of a block, each left at its place in its half word: times 1, 16, 256, 4096 by turns.
fn weightBlock(vector: vec4<u32>) -> Block {
  return Block(
    nibblesOf(vector.x),
    nibblesOf(vector.x >> 16u),
    nibblesOf(vector.y),
    nibblesOf(vector.y >> 16u),
    nibblesOf(vector.z),
    nibblesOf(vector.z >> 16u),
    nibblesOf(vector.w),
    nibblesOf(vector.w >> 16u),
  );
}

fn nibblesOf(halfWord: u32) -> vec4<f32> {
  return vec4<f32>(vec4<i32>(vec4<u32>(halfWord) & vec4<u32>(0xfu, 0xf0u, 0xf00u, 0xf000u)));
}

// An input vector in the scale that `weightBlock` wants: exact, since only exponents change.
fn forWeights(input: vec4<f32>) -> vec4<f32> {
  return input * vec4<f32>(1.0, 0.0625, 0.00390625, 0.000244140625);
}

// (scale, bias) of a block of a matrix row.
fn affineOf(row: u32, block: u32, columns: u32) -> vec2<f32> {
  return affineValue(affineAt(row, block * blockColumns, columns));
}

// A block's weights times its inputs, from the product of its integers and the sum of its inputs.
fn finishBlock(affine: vec2<f32>, product: f32, inputSum: f32) -> f32 {
  return fma(affine.x, product, affine.y * inputSum);
}

// Sum of a block's inputs after `forWeights`.
fn sumInputs(a: Block) -> f32 {
  let sums = ((a[0] + a[1]) + (a[2] + a[3])) + ((a[4] + a[5]) + (a[6] + a[7]));
  return fma(sums.w, 4096.0, fma(sums.z, 256.0, fma(sums.y, 16.0, sums.x)));
}

// The first vectors of eight, as many as a block has.
fn blockOf(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>, e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>) -> Block {
  return Block(a, b, c, d, e, f, g, h);
}

// By the adapter's own dot product: the same to the bit only among pipelines of a software adapter.
fn dotBlocks(a: Block, b: Block) -> f32 {
  return dot(a[0], b[0]) + dot(a[1], b[1]) + dot(a[2], b[2]) + dot(a[3], b[3]) + dot(a[4], b[4]) + dot(a[5], b[5]) + dot(a[6], b[6]) + dot(a[7], b[7]);
}

fn timesBlock(a: Block, b: Block) -> Block {
  return Block(a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3], a[4] * b[4], a[5] * b[5], a[6] * b[6], a[7] * b[7]);
}

fn blockForWeights(a: Block) -> Block {
  return Block(forWeights(a[0]), forWeights(a[1]), forWeights(a[2]), forWeights(a[3]), forWeights(a[4]), forWeights(a[5]), forWeights(a[6]), forWeights(a[7]));
}

// The dot product in an order that every pipeline keeps.
fn fmaBlocks(a: Block, b: Block) -> f32 {
  var products = a[0] * b[0];
  products = fma(a[1], b[1], products);
  products = fma(a[2], b[2], products);
  products = fma(a[3], b[3], products);
  products = fma(a[4], b[4], products);
  products = fma(a[5], b[5], products);
  products = fma(a[6], b[6], products);
  products = fma(a[7], b[7], products);
  return (products.x + products.y) + (products.z + products.w);
}
