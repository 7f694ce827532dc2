/** What people typed into a PDF: fields of forms, notes and texts laid over its pages. Pure. */
import { fragmentsOf } from './fragments';
import type { PdfItem } from './page-items';

/** What pdf.js tells of an annotation, as far as it is read. */
export interface PdfAnnotation {
  readonly subtype?: string;
  readonly fieldType?: string;
  readonly fieldName?: string;
  readonly fieldValue?: unknown;
  readonly alternativeText?: string;
  readonly checkBox?: boolean;
  readonly radioButton?: boolean;
  readonly pushButton?: boolean;
  readonly password?: boolean;
  readonly exportValue?: string;
  readonly buttonValue?: string;
  readonly options?: readonly { readonly exportValue?: string; readonly displayValue?: string }[];
  readonly contentsObj?: { readonly str?: string };
  readonly titleObj?: { readonly str?: string };
  readonly textContent?: readonly string[];
  readonly rect?: readonly number[];
  readonly hidden?: boolean;
}

/** Annotations whose text is another form of what is on the page already. */
const silent = new Set(['Link', 'Popup', 'Widget']);

const clean = (value: unknown) => (typeof value === 'string' ? value.replace(/\s+/g, ' ').trim() : '');

/** The last part of a field's full name, without brackets of forms: `form1[0].name[0]` is `name`. */
const shortName = (name: string) => name.replace(/\[\d+\]/g, '').replace(/^.*\./, '');

/** The words on a page that a field belongs to: to its left, or for boxes to its right. */
function captionOf({ rect, checkBox, radioButton }: PdfAnnotation, lines: readonly PdfItem[]): string {
  const [x0 = 0, y0 = 0, x1 = 0, y1 = 0] = rect ?? [];
  const beside = lines.filter(({ y, height }) => y + height / 2 > y0 - 2 && y < y1);
  const left = beside
    .filter(({ x, width }) => x + width <= x0 + 4)
    .sort((a, b) => b.x + b.width - (a.x + a.width))[0];
  const right = beside.filter(({ x }) => x >= x1 - 4).sort((a, b) => a.x - b.x)[0];
  const isBox = checkBox === true || radioButton === true;
  const near = (item: PdfItem | undefined) => item && item.x - x1 < 40;
  if (isBox && right && near(right) && !/:\s*$/.test(left?.text ?? '')) return clean(right.text);
  return clean(left?.text);
}

function valueOf(field: PdfAnnotation): string {
  const { fieldType, fieldValue, checkBox, radioButton, options } = field;
  if (fieldType === 'Btn') {
    if (checkBox)
      return fieldValue !== undefined && fieldValue !== null && fieldValue === field.exportValue
        ? '[x] yes'
        : '[ ] no';
    if (radioButton) return fieldValue === field.buttonValue && fieldValue ? `[x] ${clean(fieldValue)}` : '';
    return '';
  }
  const shown = (value: unknown) =>
    clean(options?.find(({ exportValue }) => exportValue === value)?.displayValue ?? value);
  return Array.isArray(fieldValue) ? fieldValue.map(shown).filter(Boolean).join(', ') : shown(fieldValue);
}

/**
 * Paragraphs for what was typed on a page, each marked as what it is.
 * @param items the page's own text, in the same coordinates as the annotations
 */
export function annotationTexts(annotations: readonly PdfAnnotation[], items: readonly PdfItem[]): string[] {
  const lines = fragmentsOf(items).map((fragment) => ({ ...fragment, width: fragment.endX - fragment.x }));
  const visible = annotations.filter(({ hidden }) => !hidden);
  const fields = visible.flatMap((annotation) => {
    if (annotation.subtype !== 'Widget' || annotation.password || annotation.pushButton) return [];
    const value = valueOf(annotation);
    if (value === '') return [];
    const name =
      captionOf(annotation, lines) ||
      clean(annotation.alternativeText) ||
      shortName(clean(annotation.fieldName)) ||
      'Field';
    return [`[Form] ${name.replace(/\s*:$/, '')}: ${value}`];
  });
  const notes = visible.flatMap(({ subtype = '', contentsObj, titleObj, textContent }) => {
    if (silent.has(subtype)) return [];
    const text = clean(contentsObj?.str) || clean(textContent?.join(' '));
    const author = clean(titleObj?.str);
    return text === '' ? [] : [`[Note${author ? ` by ${author}` : ''}] ${text}`];
  });
  return [...(fields.length > 0 ? [fields.join('\n')] : []), ...notes];
}
