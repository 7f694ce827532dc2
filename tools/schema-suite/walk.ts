/** Answers that are drawn by a grammar's masks alone, as a model of random weights would give them. */
import type { AnswerConstraint } from '../../src/loop/answer-constraint';

/** The vocabulary of a walk. */
export interface WalkTokens {
  readonly bytes: readonly Uint8Array[];
  readonly eosIds: readonly number[];
}

/** What one walk came to. */
export interface Walk {
  /** Undefined where the answer came to no end. */
  readonly text: string | undefined;
  readonly numSteps: number;
  /** Milliseconds of its slowest step, mask and advance. */
  readonly slowestMs: number;
}

/** Share of steps that end the answer where they may, and that take a token which closes something. */
const endShare = 0.3;
const closeShare = 0.4;

/**
 * Draws one answer of at most so many tokens; from the middle on it ends, and closes, whenever it may.
 * @param next gives numbers from 0 to below 1
 * @throws Error where no token may follow, unless the vocabulary has no way to go on
 */
export function walk(
  grammar: AnswerConstraint,
  { bytes, eosIds }: WalkTokens,
  steps: number,
  next: () => number,
): Walk {
  const taken: Uint8Array[] = [];
  let slowestMs = 0;
  const pick = (ids: readonly number[]) => ids[Math.floor(next() * ids.length)]!;
  grammar.reset();
  for (let numSteps = 0; numSteps < steps; numSteps++) {
    const startedAt = performance.now();
    const ids = idsOf(grammar.mask);
    const isLate = numSteps > steps / 2;
    const mayEnd = eosIds.some((id) => ids.includes(id));
    const others = ids.filter((id) => !eosIds.includes(id));
    if (mayEnd && (isLate || others.length === 0 || next() < endShare)) {
      return { text: textOf(taken), numSteps, slowestMs };
    }
    if (others.length === 0) throw new Error('no token may follow');
    const closing = others.filter((id) => isClosing(bytes[id]!));
    const id = pick(closing.length > 0 && (isLate || next() < closeShare) ? closing : others);
    taken.push(bytes[id]!);
    const failure = grammar.confirm(id);
    slowestMs = Math.max(slowestMs, performance.now() - startedAt);
    if (failure) throw failure;
  }
  return { text: undefined, numSteps: steps, slowestMs };
}

/** A token of closing marks alone. */
function isClosing(bytes: Uint8Array): boolean {
  return bytes.length > 0 && bytes.every((byte) => byte === 0x22 || byte === 0x5d || byte === 0x7d);
}

function idsOf(mask: Uint32Array): number[] {
  const ids: number[] = [];
  mask.forEach((word, i) => {
    for (let rest = word; rest !== 0; rest &= rest - 1) ids.push(32 * i + 31 - Math.clz32(rest & -rest));
  });
  return ids;
}

function textOf(parts: readonly Uint8Array[]): string {
  return new TextDecoder('utf-8', { fatal: true }).decode(
    Uint8Array.from(parts.flatMap((part) => [...part])),
  );
}
