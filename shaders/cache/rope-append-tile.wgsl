// For rows firstRow…firstRow + numRows of a segment, at positions firstPosition…: q = rope(norm(q)) in place,
// k = rope(norm(k)) and v into the KV tile.
//
// Grid: GROUP q heads, k and v of one KV head are GROUP + 2 tasks; eight channels an invocation, 64 / (HEAD_DIM / 8) tasks a
// workgroup.
//   qkv        [segment rows, qkvStride] f32, as vec4
//   ropeTable  [256 + ceil(maxContext / 256), rotaryDim / 2] (cos, sin), as vec4
//   qkNorm     [2, HEAD_DIM] f32, as vec4: weights of q, then of k; read only with QK_NORM = 1
//   tile       [kvHeads, tilePages, 2, 16, HEAD_DIM] KvEight; its first page is page tileFirstPage of the sequence
// Limits: HEAD_DIM and rotaryDim are multiples of 8, HEAD_DIM <= 512; all positions lie in the tile.

struct Params {
  numRows: u32,
  firstRow: u32,
  firstPosition: u32,
  qkvStride: u32,
  kvHeads: u32,
  rotaryDim: u32,
  tileFirstPage: u32,
  tilePages: u32,
  epsilon: f32,
}

@group(0) @binding(0) var<storage, read_write> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> ropeTable: array<vec4<f32>>;
@group(0) @binding(2) var<storage, read> qkNorm: array<vec4<f32>>;
@group(0) @binding(3) var<storage, read_write> tile: array<KvEight>;
@group(0) @binding(16) var<uniform> params: Params;

@compute @workgroup_size(threads)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(num_workgroups) groups: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
) {
  let units = HEAD_DIM / 8u;
  let tasksPerGroup = threads / units;
  let unit = thread % units;
  let task = (group.y * groups.x + group.x) * tasksPerGroup + thread / units;
  let tasksPerRow = params.kvHeads * (GROUP + 2u);
  let isActive = thread < tasksPerGroup * units && task < params.numRows * tasksPerRow;

  let row = task / tasksPerRow;
  let head = task % tasksPerRow;
  let numQueryHeads = params.kvHeads * GROUP;
  let start = (params.firstRow + row) * (params.qkvStride / 4u) + head * (HEAD_DIM / 4u);
  var share: Share;
  if (isActive) {
    share = loadShare(start, unit);
    squares[thread] = sumOfSquares(share);
  }
  // The partners of every invocation are read before any of them is overwritten.
  storageBarrier();
  workgroupBarrier();
  if (!isActive) {
    return;
  }
  let position = params.firstPosition + row;
  if (head < numQueryHeads + params.kvHeads) {
    share = turned(share, thread - unit, select(0u, 1u, head >= numQueryHeads), position);
  }
  if (head < numQueryHeads) {
    qkv[start + share.quad] = share.first;
    qkv[start + share.quad + 1u] = share.second;
    return;
  }
  let kvHead = (head - numQueryHeads) % params.kvHeads;
  let isValue = (head - numQueryHeads) / params.kvHeads;
  let page = kvHead * params.tilePages + (position >> 4u) - params.tileFirstPage;
  tile[((page * 2u + isValue) * 16u + (position & 15u)) * units + unit] = kvPack(share.first, share.second);
}
