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
  /** The style whose paragraphs stand on this level. */
  readonly styleId: string | undefined;
  /** Whether all numbers in it are Arabic, as lawyers write them. */
  readonly isLegal: boolean;
  /** It begins anew behind levels up to this one, counted from 1; 0 for never. */
  readonly restartsAfter: number;
}

const val = (element: Element | undefined) => attributeOf(element, 'val');
const isOn = (element: Element | undefined) =>
  element !== undefined && !/^(?:0|false|off)$/.test(val(element) ?? '');

function readLevel(element: Element): readonly [index: number, level: Level] {
  const child = (name: string) => childNamed(element, name);
  return [
    Number(attributeOf(element, 'ilvl') ?? 0),
    {
      start: Number(val(child('start')) ?? 1),
      format: val(child('numFmt')) ?? 'decimal',
      text: val(child('lvlText')) ?? '',
      styleId: val(child('pStyle')),
      isLegal: isOn(child('isLgl')),
      restartsAfter: Number(val(child('lvlRestart')) ?? Infinity),
    },
  ];
}

/** Levels that lists share, and how far they have counted. */
interface AbstractNumbering {
  readonly levels: ReadonlyMap<number, Level>;
  readonly counters: Map<number, number>;
}

/** A list of `w:num`, with the levels that it overrides. */
interface Numbering extends AbstractNumbering {
  /** Levels that this list begins anew. */
  readonly restarts: Map<number, number>;
}

/** By id; a numbering that stands for a style is the one that defines the style. */
function readAbstractNumberings(part: Document): Map<string, AbstractNumbering> {
  const elements = elementsNamed(part, 'abstractNum');
  const found = new Map<string, AbstractNumbering>();
  const ofStyles = new Map<string, AbstractNumbering>();
  for (const element of elements) {
    const levels = elementsOf(element).filter((child) => localName(child) === 'lvl');
    const numbering = { levels: new Map(levels.map(readLevel)), counters: new Map<number, number>() };
    found.set(attributeOf(element, 'abstractNumId') ?? '', numbering);
    const styleId = val(childNamed(element, 'styleLink'));
    if (styleId !== undefined) ofStyles.set(styleId, numbering);
  }
  for (const element of elements) {
    const linked = ofStyles.get(val(childNamed(element, 'numStyleLink')) ?? '');
    if (linked) found.set(attributeOf(element, 'abstractNumId') ?? '', linked);
  }
  return found;
}

/** See the file's header. */
export class WordNumbering {
  readonly #lists = new Map<string, Numbering>();

  /** @param part `word/numbering.xml`, where there is one */
  constructor(part: Document | undefined) {
    if (!part) return;
    const abstract = readAbstractNumberings(part);
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

  /** The level on which a list has the paragraphs of a style; undefined where it names none. */
  levelOfStyle(numId: string, styleId: string | undefined): number | undefined {
    if (styleId === undefined) return undefined;
    const levels = [...(this.#lists.get(numId)?.levels ?? [])];
    return levels.find(([, level]) => level.styleId === styleId)?.[0];
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
    for (const deeper of [...list.counters.keys()]) {
      const restartsAfter = list.levels.get(deeper)?.restartsAfter ?? Infinity;
      if (deeper > levelIndex && levelIndex < restartsAfter) list.counters.delete(deeper);
    }
    if (level.format === 'bullet') return '-';
    if (level.format === 'none' && !level.text.includes('%')) return level.text.trim();
    return level.text
      .replace(/%(\d)/g, (_, digit: string) => {
        const of = list.levels.get(Number(digit) - 1);
        const number = list.counters.get(Number(digit) - 1) ?? of?.start ?? 1;
        return wordNumber(number, level.isLegal ? 'decimal' : (of?.format ?? 'decimal'));
      })
      .trim();
  }
}
