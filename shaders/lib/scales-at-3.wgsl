// Scales of a quantised matrix slab, in a kernel that binds 3 buffers before them: [rows, groups] of f16 pair (scale, bias).

@group(0) @binding(3) var<storage, read> scales: array<u32>;
