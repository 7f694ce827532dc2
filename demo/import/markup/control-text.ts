/** What was typed, ticked or chosen in a saved form: pure. */
import { elementsNamed, textOf, type Element } from './tree';

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();

/** A control as text, with blanks around it; empty where it shows nothing. */
export function controlText(control: Element, name: 'input' | 'select' | 'textarea'): string {
  if (name === 'textarea') return spaced(oneLine(textOf(control)));
  if (name === 'select') {
    const options = elementsNamed(control, 'option');
    const selected = options.filter(({ attribs }) => 'selected' in attribs);
    // A list that shows one entry shows its first where none is chosen.
    const isOpen = 'multiple' in control.attribs || Number(control.attribs.size ?? 1) > 1;
    const chosen = selected.length > 0 || isOpen ? selected : options.slice(0, 1);
    return spaced(chosen.map((option) => oneLine(textOf(option))).join(', '));
  }
  const { type = 'text', value = '' } = control.attribs;
  switch (type.toLowerCase()) {
    case 'checkbox':
    case 'radio':
      return 'checked' in control.attribs ? ' [x] ' : ' [ ] ';
    case 'button':
    case 'file':
    case 'hidden':
    case 'image':
    case 'password':
    case 'reset':
    case 'submit':
      return '';
    default:
      return spaced(oneLine(value));
  }
}

const spaced = (text: string) => (text === '' ? '' : ` ${text} `);
