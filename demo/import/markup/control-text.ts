/** What was typed, ticked or chosen in a saved form: pure. */
import { elementsNamed, textOf, type Element } from './tree';

const oneLine = (text: string) => text.replace(/\s+/g, ' ').trim();

/** A control as text, with blanks around it; empty where it shows nothing. */
export function controlText(control: Element, name: 'input' | 'select' | 'textarea'): string {
  if (name === 'textarea') return spaced(oneLine(textOf(control)));
  if (name === 'select') {
    const chosen = elementsNamed(control, 'option').filter(({ attribs }) => 'selected' in attribs);
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
