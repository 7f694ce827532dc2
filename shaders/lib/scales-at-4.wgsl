// Scales of a quantised matrix slab, in a kernel that binds 4 buffers before them; an affine-*.wgsl says how they lie.

@group(0) @binding(4) var<storage, read> scales: array<u32>;
