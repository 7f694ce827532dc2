// Scales of a quantised matrix slab, in a kernel that binds 5 buffers before them; an affine-*.wgsl says how they lie.

@group(0) @binding(5) var<storage, read> scales: array<u32>;
