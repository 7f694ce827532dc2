// Scales of a quantised matrix slab, in a kernel that binds 5 buffers before them: [rows, groups] of f16 pair (scale, bias).

@group(0) @binding(5) var<storage, read> scales: array<u32>;
