/**
 * SentencePiece's vocabularies: pieces with scores. Of two neighbours those merge first whose whole has the best score, at equal scores
 * the leftmost (`bpe_model.cc` of github.com/google/sentencepiece). The library knows merges as a list of pairs, and ids as an object's
 * fields; for Gemma's 262,144 pieces both take longer to make than the weights to load. So it gets an empty model of byte pairs, and
 * then the pieces and their rule.
 */
import { assert } from '../util/assert';
import type { JsonObject } from '../util/json';

/** `model` of a tokenizer.json whose vocabulary came as scored pieces; no file of Hugging Face's has it. */
interface PieceModel extends JsonObject {
  readonly type: 'pieces';
  /** By id. */
  readonly pieces: readonly string[];
  /** `[pieces.length]`: what merges first has rank 0, what never merges −1. */
  readonly ranks: readonly number[];
  readonly unk_token: string | null;
}

/** A part of a word in the library's queue of merges (`BPE.add_node` of version 0.2.0). */
interface QueueNode {
  readonly token: string;
  /** Position in the word, in [0, 1). */
  readonly bias: number;
  readonly next: QueueNode;
  score: number;
}

/** The library's model of byte pairs, as far as it is changed here. */
interface MergingModel {
  readonly tokens_to_ids: Map<string, number>;
  readonly vocab: string[];
  unk_token_id: number | undefined;
  add_node(queue: { push(node: QueueNode): void }, node: QueueNode): void;
}

/** Whether a tokenizer.json's model is of scored pieces, a rank for each. */
export function isPieceModel(model: JsonObject | undefined): model is PieceModel {
  if (model?.type !== 'pieces') return false;
  const { pieces, ranks, unk_token } = model;
  return (
    Array.isArray(pieces) &&
    Array.isArray(ranks) &&
    ranks.length === pieces.length &&
    pieces.every((piece) => typeof piece === 'string') &&
    (unk_token === null || typeof unk_token === 'string')
  );
}

/** Ranks of pieces by their scores; those that `mayMerge` leaves out, and all but the first of the same text, never merge. */
export function pieceRanks(
  pieces: readonly string[],
  scores: ArrayLike<number>,
  mayMerge: (id: number) => boolean,
): number[] {
  const ranks = new Array<number>(pieces.length).fill(-1);
  const seen = new Set<string>();
  const merging: number[] = [];
  for (const [id, piece] of pieces.entries()) {
    if (!mayMerge(id) || seen.has(piece)) continue;
    seen.add(piece);
    merging.push(id);
  }
  merging.sort((a, b) => scores[b]! - scores[a]!);
  let rank = 0;
  for (const [i, id] of merging.entries()) {
    if (i > 0 && scores[id] !== scores[merging[i - 1]!]) rank++;
    ranks[id] = rank;
  }
  return ranks;
}

/** The model that the library is made with. */
export function emptyMergingModel(model: PieceModel): JsonObject {
  const { pieces: _pieces, ranks: _ranks, ...rest } = model;
  return { ...rest, type: 'BPE', vocab: {}, merges: [] };
}

/** Gives the library's model that was made empty its pieces. */
export function addPieces(empty: object, { pieces, ranks, unk_token }: PieceModel): void {
  const model = empty as MergingModel;
  assert(typeof model.add_node === 'function', 'the library queues merges in add_node');
  const rankOf = new Map<string, number>();
  for (const [id, piece] of pieces.entries()) {
    model.vocab[id] ??= piece;
    if (!model.tokens_to_ids.has(piece)) model.tokens_to_ids.set(piece, id);
    if (ranks[id]! >= 0) rankOf.set(piece, ranks[id]!);
  }
  model.unk_token_id = unk_token === null ? undefined : model.tokens_to_ids.get(unk_token);
  model.add_node = (queue, node) => {
    const rank = rankOf.get(node.token + node.next.token);
    if (rank === undefined) return;
    node.score = rank + node.bias;
    queue.push(node);
  };
}
