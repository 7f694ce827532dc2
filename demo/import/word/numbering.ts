/** Numbers of paragraphs in a Word document, counted as Word counts them: pure. */
import { wordNumber } from '../text/numbering';
import {
  attributeOf,
  childNamed,
  elementsNamed,
  elementsOf,
  localName,
  type Document,
  type Element,
} from '../markup/tree';

interface Level {
  readonly start: number;
  readonly format: string;
  /** With `%1` for the number of the first level. */
  readonly text: string;
}

const val = (element: Element | undefined) => attributeOf(element, 'val');

function readLevel(element: Element): readonly [index: number, level: Level] {
  return [
    Number(attributeOf(element, 'ilvl') ?? 0),
    {
      start: Number(val(childNamed(element, 'start')) ?? 1),
      format: val(childNamed(element, 'numFmt')) ?? 'decimal',
      text: val(childNamed(element, 'lvlText')) ?? '',
    },
  ];
}

/** A list of `w:num`, with the levels that it overrides. */
interface Numbering {
  /** Lists of one abstract numbering count on together. */
  readonly counters: Map<number, number>;
  readonly levels: ReadonlyMap<number, Level>;
  /** Levels that this list begins anew. */
  readonly restarts: Map<number, number>;
}

/** See the file's header. */
export class WordNumbering {
  readonly #lists = new Map<string, Numbering>();

  /** @param part `word/numbering.xml`, where there is one */
  constructor(part: Document | undefined) {
    if (!part) return;
    const abstract = new Map<string, { levels: Map<number, Level>; counters: Map<number, number> }>();
    for (const element of elementsNamed(part, 'abstractNum')) {
      const levels = elementsOf(element).filter((child) => localName(child) === 'lvl');
      abstract.set(attributeOf(element, 'abstractNumId') ?? '', {
        levels: new Map(levels.map(readLevel)),
        counters: new Map(),
      });
    }
    for (const element of elementsNamed(part, 'num')) {
      const base = abstract.get(val(childNamed(element, 'abstractNumId')) ?? '');
      if (!base) continue;
      const levels = new Map(base.levels);
      const restarts = new Map<number, number>();
      for (const override of elementsOf(element).filter((child) => localName(child) === 'lvlOverride')) {
        const index = Number(attributeOf(override, 'ilvl') ?? 0);
        const level = childNamed(override, 'lvl');
        if (level) levels.set(index, readLevel(level)[1]);
        const start = val(childNamed(override, 'startOverride'));
        if (start !== undefined) restarts.set(index, Number(start));
      }
      this.#lists.set(attributeOf(element, 'numId') ?? '', { counters: base.counters, levels, restarts });
    }
  }

  /** The marker of the next paragraph on a level of a list: `1.2`, `(a)`, or a dash for a bullet. */
  next(numId: string, levelIndex: number): string {
    if (numId === '0') return '';
    const list = this.#lists.get(numId);
    const level = list?.levels.get(levelIndex);
    if (!list || !level) return '-';
    const restart = list.restarts.get(levelIndex);
    list.restarts.delete(levelIndex);
    const before = restart === undefined ? list.counters.get(levelIndex) : undefined;
    list.counters.set(levelIndex, before === undefined ? (restart ?? level.start) : before + 1);
    for (const deeper of [...list.counters.keys()]) if (deeper > levelIndex) list.counters.delete(deeper);
    if (level.format === 'bullet') return '-';
    if (level.format === 'none' && !level.text.includes('%')) return level.text.trim();
    return level.text
      .replace(/%(\d)/g, (_, digit: string) => {
        const of = list.levels.get(Number(digit) - 1);
        const number = list.counters.get(Number(digit) - 1) ?? of?.start ?? 1;
        return wordNumber(number, of?.format ?? 'decimal');
      })
      .trim();
  }
}
