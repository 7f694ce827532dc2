// A matrix slab in f32: values [rows, stride], stride = columns rounded up to 4.

@group(0) @binding(0) var<storage, read> values: array<vec4<f32>>;

// 16 bytes of a row hold this many columns; blockVectors = blockColumns / 4.
const blockColumns = 4u;
const blockVectors = 1u;

fn blocksPerRow(columns: u32) -> u32 {
  return (columns + 3u) / 4u;
}

// One weight, for kernels that do not care for speed.
fn weightAt(row: u32, column: u32, columns: u32) -> f32 {
  return values[row * blocksPerRow(columns) + column / 4u][column % 4u];
}

// Eight weights of a row as they are stored; in the row's last vectors where there are no more.
struct Eight {
  first: vec4<f32>,
  last: vec4<f32>,
}

fn eightAt(row: u32, eight: u32, columns: u32) -> Eight {
  let stride = blocksPerRow(columns);
  let start = row * stride;
  return Eight(values[start + min(2u * eight, stride - 1u)], values[start + min(2u * eight + 1u, stride - 1u)]);
}

fn firstOfEight(eight: Eight) -> vec4<f32> {
  return eight.first;
}

fn lastOfEight(eight: Eight) -> vec4<f32> {
  return eight.last;
}

// 16 bytes of a row as they are stored.
alias Raw = vec4<f32>;
// One such vector of weights, or the inputs that it meets, as f32.
alias Block = array<vec4<f32>, blockVectors>;

fn weightBlock(vector: vec4<f32>) -> Block {
  return Block(vector);
}

// An input vector in the scale that `weightBlock` wants.
fn forWeights(input: vec4<f32>) -> vec4<f32> {
  return input;
}

// (scale, bias) of a block of a matrix row.
fn affineOf(row: u32, block: u32, columns: u32) -> vec2<f32> {
  return vec2<f32>(1.0, 0.0);
}

// A block's weights times its inputs, from the product of its integers and the sum of its inputs.
fn finishBlock(affine: vec2<f32>, product: f32, inputSum: f32) -> f32 {
  return product;
}

// Sum of a block's inputs after `forWeights`: of use for affine formats only.
fn sumInputs(a: Block) -> f32 {
  return 0.0;
}

// The first vectors of eight, as many as a block has.
fn blockOf(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>, d: vec4<f32>, e: vec4<f32>, f: vec4<f32>, g: vec4<f32>, h: vec4<f32>) -> Block {
  return Block(a);
}

// By the adapter's own dot product: the same to the bit only among pipelines of a software adapter.
fn dotBlocks(a: Block, b: Block) -> f32 {
  return dot(a[0], b[0]);
}

fn timesBlock(a: Block, b: Block) -> Block {
  return Block(a[0] * b[0]);
}

fn blockForWeights(a: Block) -> Block {
  return Block(forWeights(a[0]));
}

// The dot product in an order that every pipeline keeps.
fn fmaBlocks(a: Block, b: Block) -> f32 {
  let products = a[0] * b[0];
  return (products.x + products.y) + (products.z + products.w);
}
