/** A pattern as a program of small steps, which pattern-matcher.ts follows. Pure. */
import { parsePattern, type PatternNode } from './pattern-syntax';

/** One step. */
type Instruction =
  | { kind: 'character'; accepts: (code: number) => boolean; isBackward: boolean }
  | { kind: 'fork'; id: number; first: number; second: number }
  | { kind: 'jump'; to: number }
  /** What it looks for follows, up to a `match`; the program goes on at `next`. */
  | { kind: 'look'; isNegative: boolean; next: number }
  | { kind: 'match' };

/** Begins with its first instruction. */
export interface Program {
  readonly instructions: readonly Instruction[];
  readonly numForks: number;
}

const maxInstructions = 2048;
/** Parts that are visited: empty ones, repeated, emit nothing. */
const maxVisits = 2 ** 16;

/** @throws SyntaxError where the pattern is not known here, or too large */
export function compileProgram(source: string): Program {
  const instructions: Instruction[] = [];
  let numForks = 0;
  let numVisits = 0;

  const emit = <T extends Instruction>(instruction: T): T => {
    if (instructions.length >= maxInstructions) throw tooLarge();
    instructions.push(instruction);
    return instruction;
  };
  const fork = () => emit({ kind: 'fork', id: numForks++, first: 0, second: 0 });
  /** A fork whose ways are known: into what follows, and past it; which of them is tried first is `isLazy`. */
  const aim = (step: ReturnType<typeof fork>, isLazy: boolean, into: number, past: number) => {
    [step.first, step.second] = isLazy ? [past, into] : [into, past];
  };

  const add = (node: PatternNode, isBackward: boolean): void => {
    if (++numVisits > maxVisits) throw tooLarge();
    switch (node.kind) {
      case 'character':
        emit({ kind: 'character', accepts: node.accepts, isBackward });
        break;
      case 'sequence':
        for (const part of isBackward ? node.parts.toReversed() : node.parts) add(part, isBackward);
        break;
      case 'alternatives': {
        const ends: { to: number }[] = [];
        for (const [i, option] of node.options.entries()) {
          const isLast = i === node.options.length - 1;
          const step = isLast ? undefined : fork();
          if (step) step.first = instructions.length;
          add(option, isBackward);
          if (step) {
            ends.push(emit({ kind: 'jump', to: 0 }));
            step.second = instructions.length;
          }
        }
        for (const end of ends) end.to = instructions.length;
        break;
      }
      case 'repeat': {
        for (let i = 0; i < node.least; i++) add(node.body, isBackward);
        if (node.most === Infinity) {
          const start = instructions.length;
          const step = fork();
          add(node.body, isBackward);
          emit({ kind: 'jump', to: start });
          aim(step, node.isLazy, start + 1, instructions.length);
          break;
        }
        const steps = Array.from({ length: Math.min(node.most - node.least, maxInstructions) }, () => {
          const step = fork();
          const into = instructions.length;
          add(node.body, isBackward);
          return { step, into };
        });
        for (const { step, into } of steps) aim(step, node.isLazy, into, instructions.length);
        break;
      }
      case 'look': {
        const step = emit({ kind: 'look', isNegative: node.isNegative, next: 0 });
        add(node.body, node.isBehind);
        emit({ kind: 'match' });
        step.next = instructions.length;
      }
    }
  };

  add(parsePattern(source), false);
  emit({ kind: 'match' });
  return { instructions, numForks };
}

function tooLarge(): SyntaxError {
  return new SyntaxError('the pattern is too large');
}
