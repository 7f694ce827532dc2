/** Letters that something is painted over, or that stand outside of what is let through: nobody sees them. Pure. */
import { sharedBy, type Box } from './paths';

/** Where letters are that nobody sees, and which, where others may stand in the same place. */
export interface Unseen extends Box {
  readonly letters?: string;
}

/** Areas that are looked at: drawings have more, and cover no text to speak of. */
const mostCovers = 2000;

/** Points by which letters may stick out of what covers them. */
const tolerance = 1;

const isNear = (one: Box, other: Box) =>
  Math.abs(one.left - other.left) + Math.abs(one.right - other.right) + Math.abs(one.bottom - other.bottom) <
  4;

/** Whether letters are those, however they are composed. */
export function areLetters(text: string, { letters }: Unseen): boolean {
  if (letters === undefined) return true;
  const [one, other] = [text, letters].map((part) => part.normalize('NFKC').replace(/\s+/g, ''));
  return one!.includes(other!) || other!.includes(one!);
}

/** See the file's header. */
export class Covers {
  #shown: Required<Unseen>[] = [];
  #hidden: Required<Unseen>[] = [];
  #numCovers = 0;

  /** Letters that are painted, as far as `clip` lets them through. */
  show(box: Box, letters: string, clip: Box): void {
    const shared = sharedBy(box, clip);
    if (shared.left > shared.right || shared.bottom > shared.top) {
      this.#hidden.push({ ...box, letters });
      return;
    }
    // What is painted once more over what covered it is seen.
    this.#hidden = this.#hidden.filter((other) => other.letters !== letters || !isNear(other, box));
    this.#shown.push({ ...box, letters });
  }

  /** An area that nothing shines through. */
  cover({ left, right, bottom, top }: Box): void {
    if (right - left < 4 || top - bottom < 4 || ++this.#numCovers > mostCovers) return;
    const isSeen = (box: Box) =>
      box.left < left - tolerance ||
      box.right > right + tolerance ||
      box.bottom < bottom - tolerance ||
      box.top > top + tolerance;
    const covered = this.#shown.filter((box) => !isSeen(box));
    if (covered.length === 0) return;
    this.#shown = this.#shown.filter(isSeen);
    this.#hidden.push(...covered);
  }

  get unseen(): readonly Unseen[] {
    return this.#hidden;
  }
}
