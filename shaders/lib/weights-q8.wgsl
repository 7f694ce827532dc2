// A matrix slab of 8-bit affine groups: values [rows, columns rounded up to 32] of 8 bits, lowest bits first;
// w = scale * q + bias, with scale and bias of 16 or more columns from an affine-*.wgsl.

@group(0) @binding(0) var<storage, read> values: array<vec4<u32>>;

// 16 bytes of a row hold this many columns; blockVectors = blockColumns / 4.
const blockColumns = 16u;
const blockVectors = 4u;

fn blocksPerRow(columns: u32) -> u32 {
  return (columns + 31u) / 32u * 2u;
}

// One weight, for kernels that do not care for speed.
fn weightAt(row: u32, column: u32, columns: u32) -> f32 {
  let word = values[row * blocksPerRow(columns) + column / 16u][column % 16u / 4u];
  let q = extractBits(word, column % 4u * 8u, 8u);
  let affine = affineValue(affineAt(row, column, columns));
  return fma(affine.x, f32(q), affine.y);
}

// Eight weights of a row as they are stored; those of the row's last vector where there are no more.
struct Eight {
  words: vec2<u32>,
  affine: Affine,
}

fn eightAt(row: u32, eight: u32, columns: u32) -> Eight {
  let stride = blocksPerRow(columns);
  let at = min(eight, 2u * stride - 1u);
  let vector = values[row * stride + at / 2u];
  return Eight(select(vector.xy, vector.zw, at % 2u == 1u), affineAt(row, at * 8u, columns));
}

fn firstOfEight(eight: Eight) -> vec4<f32> {
  return weightsOf(eight.words.x, eight.affine);
}

fn lastOfEight(eight: Eight) -> vec4<f32> {
  return weightsOf(eight.words.y, eight.affine);
}

fn weightsOf(word: u32, group: Affine) -> vec4<f32> {
  let affine = affineValue(group);
  return fma(vec4<f32>(affine.x), vec4<f32>(unpack4xU8(word)), vec4<f32>(affine.y));
}

// 16 bytes of a row as they are stored.
alias Raw = vec4<u32>;
// One such vector of weights, or the inputs that it meets, as f32.
alias Block = array<vec4<f32>, blockVectors>;

// The integers q of a block.
fn weightBlock(vector: vec4<u32>) -> Block {
  return Block(bytesOf(vector.x), bytesOf(vector.y), bytesOf(vector.z), bytesOf(vector.w));
}

fn bytesOf(word: u32) -> vec4<f32> {
  return vec4<f32>(vec4<i32>(unpack4xU8(word)));
}

// An input vector in the scale that `weightBlock` wants.
fn forWeights(input: vec4<f32>) -> vec4<f32> {
  return input;
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
  let sums = (a[0] + a[1]) + (a[2] + a[3]);
  return (sums.x + sums.y) + (sums.z + sums.w);
}

// The first vectors of eight, as many as a block has.
fn blockOf(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>, e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>) -> Block {
  return Block(a, b, c, d);
}

// By the adapter's own dot product: the same to the bit only among pipelines of a software adapter.
fn dotBlocks(a: Block, b: Block) -> f32 {
  return dot(a[0], b[0]) + dot(a[1], b[1]) + dot(a[2], b[2]) + dot(a[3], b[3]);
}

fn timesBlock(a: Block, b: Block) -> Block {
  return Block(a[0] * b[0], a[1] * b[1], a[2] * b[2], a[3] * b[3]);
}

fn blockForWeights(a: Block) -> Block {
  return Block(forWeights(a[0]), forWeights(a[1]), forWeights(a[2]), forWeights(a[3]));
}

// The dot product in an order that every pipeline keeps.
fn fmaBlocks(a: Block, b: Block) -> f32 {
  let products = fma(a[3], b[3], fma(a[2], b[2], fma(a[1], b[1], a[0] * b[0])));
  return (products.x + products.y) + (products.z + products.w);
}
