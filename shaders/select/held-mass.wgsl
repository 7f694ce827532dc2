// masses[h] = (now, held) for every listed KV head h of one row: the share of the softmax mass, a mean over the query heads of its group,
// that lies in the pages that the head would choose now, and in those that it chose some steps ago together with the pages born since.
// All full pages count as their digests weigh them, the row's own page by its keys.
//
// Grid: one workgroup a head of the list.
//   qkv         [rows, qkvStride] f32, as vec4: queries after RoPE
//   pool        [slots, page] PoolWord: lib/kv-pool or lib/kv-pool-int8
//   blockTable  [layers, sequences, kvHeads, maxPages] slots, the sequence's from tableOffset on
//   logMasses   [tasks, GROUP, scoreStride] f32 of select/digest-score with one query: those of the list's heads from firstTask on
//   lists       [targets, layers, sequences, kvHeads, listCapacity] PageIndex, of the sequence from list listOffset on
//   listState   [targets, layers, sequences, kvHeads] (count, tailStart); what is chosen now is target `now`, what was target `held`
//   masses      [layers, kvHeads] vec2<f32>, the layer's from massOffset on
//   list        [heads] KV heads
// Limits: GROUP is at most 64.

struct Params {
  row: u32,
  position: u32,
  qkvStride: u32,
  tableOffset: u32,
  maxPages: u32,
  firstTask: u32,
  scoreStride: u32,
  numLists: u32,
  listOffset: u32,
  listCapacity: u32,
  now: u32,
  held: u32,
  massOffset: u32,
  scale: f32,
}

@group(0) @binding(0) var<storage, read> qkv: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> pool: array<PoolWord>;
@group(0) @binding(2) var<storage, read> blockTable: array<u32>;
@group(0) @binding(3) var<storage, read> logMasses: array<f32>;
@group(0) @binding(4) var<storage, read> lists: array<u32>;
@group(0) @binding(5) var<storage, read> listState: array<vec2<u32>>;
@group(0) @binding(6) var<storage, read_write> masses: array<vec2<f32>>;
@group(0) @binding(16) var<uniform> params: Params;
@group(0) @binding(17) var<storage, read> list: array<u32>;

override HEAD_DIM: u32 = 64;
override GROUP: u32 = 1;
const threads = 64u;
const lowest = -3.0e38;

var<workgroup> ownLogits: array<f32, 16>;
var<workgroup> mosts: array<f32, threads>;
// Sums over pages, the chosen ones', the held ones'.
var<workgroup> sums: array<vec3<f32>, threads>;

// Sum of what pages of the list of a target weigh, those before endPage; by this invocation's entries.
fn listed(selection: u32, kvHead: u32, start: u32, endPage: u32, top: f32, thread: u32) -> f32 {
  let index = selection * params.numLists + params.listOffset + kvHead;
  var sum = 0.0;
  for (var i = thread; i < listState[index].x; i += threads) {
    let page = lists[index * params.listCapacity + i];
    if (page < endPage) {
      sum += exp2(logMasses[start + page] - top);
    }
  }
  return sum;
}

@compute @workgroup_size(threads)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
  let kvHead = list[group.x];
  let lastPage = params.position / 16u;
  let slot = blockTable[params.tableOffset + kvHead * params.maxPages + lastPage];
  let units = HEAD_DIM / 8u;
  var result = vec2(0.0);
  for (var head = 0u; head < GROUP; head++) {
    if (thread < 4u) {
      let query = params.row * (params.qkvStride / 4u) + (kvHead * GROUP + head) * 2u * units;
      var logits = vec4(0.0);
      for (var unit = 0u; unit < units; unit++) {
        let keys = poolKeys(slot, 4u * thread, unit);
        logits += qkv[query + 2u * unit] * keys.low + qkv[query + 2u * unit + 1u] * keys.high;
      }
      for (var i = 0u; i < 4u; i++) {
        let isSeen = 16u * lastPage + 4u * thread + i <= params.position;
        ownLogits[4u * thread + i] = select(lowest, logits[i] * (params.scale * 1.4426950408889634), isSeen);
      }
    }
    let start = ((params.firstTask + group.x) * GROUP + head) * params.scoreStride;
    var top = lowest;
    for (var page = thread; page < lastPage; page += threads) {
      top = max(top, logMasses[start + page]);
    }
    mosts[thread] = top;
    workgroupBarrier();
    for (var i = 0u; i < threads; i++) {
      top = max(top, mosts[i]);
    }
    var own = 0.0;
    for (var i = 0u; i < 16u; i++) {
      top = max(top, ownLogits[i]);
    }
    for (var i = 0u; i < 16u; i++) {
      own += exp2(ownLogits[i] - top);
    }
    var sum = vec3(0.0);
    for (var page = thread; page < lastPage; page += threads) {
      let mass = exp2(logMasses[start + page] - top);
      sum.x += mass;
      // Pages born since.
      if (page >= listState[params.held * params.numLists + params.listOffset + kvHead].y) {
        sum.z += mass;
      }
    }
    sum.y = listed(params.now, kvHead, start, lastPage, top, thread);
    sum.z += listed(params.held, kvHead, start, lastPage, top, thread);
    sums[thread] = sum;
    workgroupBarrier();
    if (thread == 0u) {
      var all = vec3(own);
      for (var i = 0u; i < threads; i++) {
        all += sums[i];
      }
      result += all.yz / all.x;
    }
    workgroupBarrier();
  }
  if (thread == 0u) {
    masses[params.massOffset + kvHead] = result / f32(GROUP);
  }
}
