/** The tokens of a vocabulary as a tree of bytes, flat in typed arrays: walked without recursion, skipped by subtree. */

/** A token as bytes. */
export interface TokenBytes {
  readonly id: number;
  /** Not empty. */
  readonly bytes: Uint8Array;
}

/** Nodes in the order in which a walk meets them; node i stands for the bytes from the root down to it. */
export interface TokenTrie {
  /** Length of each node's bytes, from 1. */
  readonly depth: Uint16Array;
  /** Each node's last byte. */
  readonly byte: Uint8Array;
  /** First node beyond each node's subtree. */
  readonly end: Uint32Array;
  /** Where each node's tokens begin in `ids`; the next node's begin where they end. One entry more than there are nodes. */
  readonly firstId: Uint32Array;
  /** Ids of the tokens with exactly a node's bytes. */
  readonly ids: Uint32Array;
}

/** The trie of some tokens; several may have the same bytes. */
export function buildTrie(tokens: readonly TokenBytes[]): TokenTrie {
  const sorted = [...tokens].sort((a, b) => compareBytes(a.bytes, b.bytes) || a.id - b.id);
  let numNodes = 0;
  let previous = new Uint8Array(0);
  const shared = sorted.map(({ bytes }) => {
    const length = sharedLength(previous, bytes);
    numNodes += bytes.length - length;
    previous = bytes as Uint8Array<ArrayBuffer>;
    return length;
  });
  const depth = new Uint16Array(numNodes);
  const byte = new Uint8Array(numNodes);
  const end = new Uint32Array(numNodes);
  const firstId = new Uint32Array(numNodes + 1);
  const ids = new Uint32Array(sorted.length);
  /** The nodes on the way to the latest one, by depth. */
  const path: number[] = [];
  let node = 0;
  const close = (toDepth: number) => {
    while (path.length > toDepth) end[path.pop()!] = node;
  };
  for (const [i, { id, bytes }] of sorted.entries()) {
    if (shared[i]! < bytes.length) close(shared[i]!);
    for (let at = shared[i]!; at < bytes.length; at++) {
      depth[node] = at + 1;
      byte[node] = bytes[at]!;
      firstId[node] = i;
      path.push(node++);
    }
    ids[i] = id;
  }
  close(0);
  firstId[numNodes] = sorted.length;
  return { depth, byte, end, firstId, ids };
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = sharedLength(a, b);
  if (length === a.length || length === b.length) return a.length - b.length;
  return a[length]! - b[length]!;
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  const most = Math.min(a.length, b.length);
  let length = 0;
  while (length < most && a[length] === b[length]) length++;
  return length;
}
