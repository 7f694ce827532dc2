/** The text of one slide: its shapes in the order of the file, tables, charts, and what pictures are said to show. */
import {
  attributeOf,
  childNamed,
  elementsNamed,
  elementsOf,
  localName,
  type Document,
  type Element,
} from '../markup/tree';
import { chartText, descriptionOf, diagramText, drawnTable, drawnText } from '../office/drawing-text';
import { rootOf, type Parts, type Relation } from '../office/parts';

/** What a slide says. */
interface SlideText {
  readonly title: string | undefined;
  readonly blocks: readonly string[];
  /** Feet and dates, which most slides share. */
  readonly margins: readonly string[];
  readonly numHidden: number;
  /** Objects of other programs, such as a sheet, that only a picture shows. */
  readonly numObjects: number;
}

/** Groups in groups: real ones nest a few times. */
const maxDepth = 100;

/** Kinds of placeholders that stand at a slide's edge. */
const marginKinds = new Set(['ftr', 'hdr', 'dt']);

/** @param relations of the slide's part, for charts and diagrams */
export async function slideText(
  slide: Document,
  relations: ReadonlyMap<string, Relation>,
  parts: Parts,
): Promise<SlideText> {
  const blocks: string[] = [];
  const margins: string[] = [];
  let title: string | undefined;
  let [numHidden, numObjects] = [0, 0];

  const readFrame = async (frame: Element): Promise<string> => {
    const [table] = elementsNamed(frame, 'tbl');
    if (table) return drawnTable(table);
    if (elementsNamed(frame, 'oleObj').length > 0) numObjects++;
    const [chart] = elementsNamed(frame, 'chart');
    const [diagram] = elementsNamed(frame, 'relIds');
    const id = chart ? attributeOf(chart, 'r:id') : attributeOf(diagram, 'r:dm');
    const target = id === undefined ? undefined : relations.get(id)?.target;
    const part = target === undefined ? undefined : await parts.read(target, 'charts and diagrams');
    if (!part) return '';
    return chart ? chartText(part) : diagramText(part);
  };

  const readShape = (shape: Element): void => {
    const [placeholder] = elementsNamed(shape, 'ph');
    const kind = attributeOf(placeholder, 'type') ?? '';
    const body = childNamed(shape, 'txBody');
    const text = body ? drawnText(body) : '';
    if (text === '' || kind === 'sldNum') return;
    if (marginKinds.has(kind)) {
      margins.push(text);
      return;
    }
    if (kind === 'title' || kind === 'ctrTitle') title ??= text.replace(/\s+/g, ' ');
    blocks.push(text);
  };

  const visit = async (element: Element, depth: number): Promise<void> => {
    const name = localName(element);
    const properties = elementsOf(element)
      .filter((child) => /^nv\w*Pr$/.test(localName(child)))
      .map((child) => childNamed(child, 'cNvPr'))[0];
    if (/^(?:1|true)$/.test(attributeOf(properties, 'hidden') ?? '')) {
      if (elementsNamed(element, 't').length > 0) numHidden++;
      return;
    }
    const description = descriptionOf(properties);
    if (description && name !== 'sp' && name !== 'grpSp') blocks.push(description);
    if (name === 'sp' || name === 'cxnSp') readShape(element);
    else if (name === 'graphicFrame') {
      const text = await readFrame(element);
      if (text !== '') blocks.push(text);
    } else if (depth < maxDepth && /^(?:spTree|grpSp|AlternateContent|Choice|cSld|sld|notes)$/.test(name)) {
      for (const child of elementsOf(element)) await visit(child, depth + 1);
    }
  };

  await visit(rootOf(slide), 0);
  return { title, blocks, margins, numHidden, numObjects };
}

/** What the speaker is to say: the text beside the picture of the slide. */
export function speakerNotes(notes: Document): string {
  return elementsNamed(notes, 'sp')
    .filter((shape) => attributeOf(elementsNamed(shape, 'ph')[0], 'type') === 'body')
    .map((shape) => {
      const body = childNamed(shape, 'txBody');
      return body ? drawnText(body) : '';
    })
    .filter((text) => text !== '')
    .join('\n');
}
