// Scales of a quantised matrix slab, in a kernel that binds 3 buffers before them; an affine-*.wgsl says how they lie.

@group(0) @binding(3) var<storage, read> scales: array<u32>;
