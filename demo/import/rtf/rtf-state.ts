/** What holds for the letters of an RTF file in the group at hand, and the words that change it. Pure. */
import type { RtfFlow } from './rtf-flow';

/** What holds in a group until it ends. */
export interface RtfState {
  readonly flow: RtfFlow;
  readonly isSkipped: boolean;
  /** What the letters of a group are for, if they are no text: a title, a name. */
  readonly field: string | undefined;
  readonly font: number;
  /** Above 0 raised, below lowered. */
  readonly position: number;
  readonly isHidden: boolean;
  readonly isDeleted: boolean;
  readonly isStruck: boolean;
  readonly color: number;
  readonly hasGround: boolean;
  readonly isInTable: boolean;
  readonly isHeading: boolean;
  /** Letters that stand for an old reader after one in Unicode. */
  readonly numSubstitutes: number;
  /** Whether the next word says what the group is. */
  readonly isStarred: boolean;
  readonly onEnd: (() => void) | undefined;
}

/** What letters are like that nothing is said of. */
const plain = {
  font: -1,
  position: 0,
  isHidden: false,
  isDeleted: false,
  isStruck: false,
  color: 0,
  hasGround: false,
} as const;

/** What holds where a file begins. */
export function stateOf(flow: RtfFlow): RtfState {
  return {
    ...plain,
    flow,
    isSkipped: false,
    field: undefined,
    isInTable: false,
    isHeading: false,
    numSubstitutes: 1,
    isStarred: false,
    onEnd: undefined,
  };
}

/** What a word changes; undefined for one of another kind. @param parameter the number behind it, which turns off at 0 */
export function formatOf(name: string, parameter: number | undefined): Partial<RtfState> | undefined {
  const isOn = parameter !== 0;
  const number = parameter ?? 0;
  switch (name) {
    case 'uc':
      return { numSubstitutes: Math.max(0, number) };
    case 'f':
      return { font: number };
    case 'v':
      return { isHidden: isOn };
    case 'deleted':
      return { isDeleted: isOn };
    case 'strike':
    case 'striked':
      return { isStruck: isOn };
    case 'super':
      return { position: isOn ? 1 : 0 };
    case 'sub':
      return { position: isOn ? -1 : 0 };
    case 'up':
    case 'dn':
      return { position: number === 0 ? 0 : name === 'up' ? 1 : -1 };
    case 'nosupersub':
      return { position: 0 };
    case 'cf':
      return { color: number };
    case 'highlight':
    case 'cb':
    case 'chcbpat':
    case 'cbpat':
      return { hasGround: number > 0 };
    case 'plain':
      return plain;
    case 'pard':
      return { isInTable: false, isHeading: false };
    case 'intbl':
      return { isInTable: true };
    case 'outlinelevel':
      return { isHeading: number < 9 };
    default:
      return undefined;
  }
}
