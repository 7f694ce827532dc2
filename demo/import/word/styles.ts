/** What the styles of a Word document say of their paragraphs' numbers and ranks, and of their letters: pure. */
import { attributeOf, childNamed, elementsNamed, type Document, type Element } from '../markup/tree';
import { groundOf, runProperties, withDefaults, type RunProperties } from './run-properties';

/** What a style gives its paragraphs. */
interface WordStyle {
  readonly numId?: string | undefined;
  readonly level?: string | undefined;
  /** 0 for the first rank of headings; 9 for plain text. */
  readonly outline?: string | undefined;
  /** What is behind its paragraphs. */
  readonly ground?: string | undefined;
  readonly run: RunProperties;
}

const val = (element: Element | undefined) => attributeOf(element, 'val');

/** Styles stand on others; so many are followed. */
const maxDepth = 20;

/** See the file's header. */
export class WordStyles {
  readonly #styles = new Map<string, WordStyle & { readonly basedOn: string | undefined }>();
  readonly #resolved = new Map<string | undefined, WordStyle>();

  /** @param part `word/styles.xml`, where there is one */
  constructor(part: Document | undefined) {
    if (!part) return;
    for (const style of elementsNamed(part, 'style')) {
      const properties = childNamed(style, 'pPr');
      const numbers = properties && childNamed(properties, 'numPr');
      this.#styles.set(attributeOf(style, 'styleId') ?? '', {
        numId: val(numbers && childNamed(numbers, 'numId')),
        level: val(numbers && childNamed(numbers, 'ilvl')),
        outline:
          val(properties && childNamed(properties, 'outlineLvl')) ??
          outlineOfName(val(childNamed(style, 'name'))),
        ground: groundOf(properties),
        run: runProperties(childNamed(style, 'rPr')),
        basedOn: val(childNamed(style, 'basedOn')),
      });
    }
  }

  /** What holds for paragraphs or runs of a style, from the styles that it stands on too. */
  of(id: string | undefined): WordStyle {
    const known = this.#resolved.get(id);
    if (known) return known;
    const style = this.#resolve(id);
    this.#resolved.set(id, style);
    return style;
  }

  #resolve(id: string | undefined): WordStyle {
    let found: WordStyle = { run: {} };
    let next = id;
    for (let depth = 0; next !== undefined && depth < maxDepth; depth++) {
      const style = this.#styles.get(next);
      if (!style) return { ...found, outline: found.outline ?? outlineOfName(next) };
      const { numId, level, outline, ground, run, basedOn } = style;
      found = {
        numId: found.numId ?? numId,
        level: found.level ?? level,
        outline: found.outline ?? outline,
        ground: found.ground ?? ground,
        run: withDefaults(found.run, run),
      };
      next = basedOn;
    }
    return found;
  }
}

/** `heading 2` and `Heading2` are of the second rank; `Title` is of the first. */
function outlineOfName(name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (/^title$/i.test(name)) return '0';
  const rank = /^heading ?([1-9])$/i.exec(name)?.[1];
  return rank === undefined ? undefined : String(Number(rank) - 1);
}
