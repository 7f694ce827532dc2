/** Numbers of foot- and endnotes as Word prints them: pure. */
import { attributeOf, childNamed, elementsNamed, type Document, type Element } from '../markup/tree';
import { wordNumber } from '../text/numbering';

/** Both are numbered on their own. */
export type NoteKind = 'footnote' | 'endnote';

const val = (element: Element | undefined) => attributeOf(element, 'val');

/** The numbers of one kind of note, in the order of their marks. */
export class NoteNumbers {
  readonly #byId = new Map<string, string>();
  readonly #format: string;
  readonly #start: number;
  readonly #isPerSection: boolean;
  #next: number;

  /** @param settings parts that say how notes are numbered, the one that counts first */
  constructor(kind: NoteKind, settings: readonly (Document | Element | undefined)[]) {
    const found = settings.flatMap((part) => (part ? elementsNamed(part, `${kind}Pr`) : []));
    const said = (name: string) =>
      found.map((properties) => val(childNamed(properties, name))).find((value) => value !== undefined);
    // Word counts endnotes in small Roman numbers, unless somebody asked for others.
    this.#format = said('numFmt') ?? (kind === 'endnote' ? 'lowerRoman' : 'decimal');
    this.#start = Number(said('numStart') ?? 1) || 1;
    this.#isPerSection = said('numRestart') === 'eachSect';
    this.#next = this.#start;
  }

  /** The number of a note whose mark comes now. @param ownMark what the author wrote in place of a number */
  mark(id: string, ownMark?: string): string {
    const known = this.#byId.get(id);
    if (known !== undefined) return known;
    const number = ownMark ?? wordNumber(this.#next++, this.#format);
    this.#byId.set(id, number);
    return number;
  }

  /** The number of a note that has one. */
  of(id: string): string | undefined {
    return this.#byId.get(id);
  }

  /** A section has ended. */
  endSection(): void {
    if (this.#isPerSection) this.#next = this.#start;
  }
}
