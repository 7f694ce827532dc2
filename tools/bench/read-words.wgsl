// Reads all words once and as fast as memory gives them: the yardstick for kernels whose time is reading.
//
// Grid: [numWords / (4 · 256 · 16)]; an invocation adds 16 vectors, neighbours reading side by side.
//   source  [numWords / 4] vec4<u32>
//   sink    [1] u32, written only where a sum is a certain number: so that nothing is left out

@group(0) @binding(0) var<storage, read> source: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> sink: array<u32>;

struct Params {
  numVectors: u32,
}
@group(0) @binding(16) var<uniform> params: Params;

const threads = 256u;
const vectorsEach = 16u;

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let start = group.x * threads * vectorsEach + thread;
  var sum = vec4<u32>();
  for (var i = 0u; i < vectorsEach; i++) {
    sum += source[min(start + i * threads, params.numVectors - 1u)];
  }
  if (sum.x + sum.y + sum.z + sum.w == 0x9e3779b9u) {
    sink[0] = sum.x;
  }
}
