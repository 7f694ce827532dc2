// A matrix slab in f16: values [rows, stride], stride = columns rounded up to 8.

@group(0) @binding(0) var<storage, read> values: array<vec4<u32>>;

// 16 bytes of a row hold this many columns; blockVectors = blockColumns / 4.
const blockColumns = 8u;
const blockVectors = 2u;

fn blocksPerRow(columns: u32) -> u32 {
  return (columns + 7u) / 8u;
}

// One weight, for kernels that do not care for speed.
fn weightAt(row: u32, column: u32, columns: u32) -> f32 {
  let pair = values[row * blocksPerRow(columns) + column / 8u][column % 8u / 2u];
  return unpack2x16float(pair)[column % 2u];
}

// Eight weights of a row as they are stored; those of the row's last vector where there are no more.
alias Eight = vec4<u32>;

fn eightAt(row: u32, eight: u32, columns: u32) -> Eight {
  let stride = blocksPerRow(columns);
  return values[row * stride + min(eight, stride - 1u)];
}

fn firstOfEight(eight: Eight) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(eight.x), unpack2x16float(eight.y));
}

fn lastOfEight(eight: Eight) -> vec4<f32> {
  return vec4<f32>(unpack2x16float(eight.z), unpack2x16float(eight.w));
}

// 16 bytes of a row as they are stored.
alias Raw = vec4<u32>;
// One such vector of weights, or the inputs that it meets, as f32.
alias Block = array<vec4<f32>, blockVectors>;

fn weightBlock(vector: vec4<u32>) -> Block {
  return Block(
    vec4<f32>(unpack2x16float(vector.x), unpack2x16float(vector.y)),
    vec4<f32>(unpack2x16float(vector.z), unpack2x16float(vector.w)),
  );
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
  return Block(a, b);
}

// By the adapter's own dot product: the same to the bit only among pipelines of a software adapter.
fn dotBlocks(a: Block, b: Block) -> f32 {
  return dot(a[0], b[0]) + dot(a[1], b[1]);
}

fn timesBlock(a: Block, b: Block) -> Block {
  return Block(a[0] * b[0], a[1] * b[1]);
}

fn blockForWeights(a: Block) -> Block {
  return Block(forWeights(a[0]), forWeights(a[1]));
}

// The dot product in an order that every pipeline keeps.
fn fmaBlocks(a: Block, b: Block) -> f32 {
  let products = fma(a[1], b[1], a[0] * b[0]);
  return (products.x + products.y) + (products.z + products.w);
}
