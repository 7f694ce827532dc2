/** Small line drawings for buttons; each goes beside a text or in a button with a label of its own. */
import { svg, type TemplateResult } from 'lit';

const icon = (path: string): TemplateResult =>
  svg`<svg
    viewBox="0 0 24 24"
    width="18"
    height="18"
    fill="none"
    stroke="currentColor"
    stroke-width="1.8"
    stroke-linecap="round"
    stroke-linejoin="round"
    aria-hidden="true"
  ><path d=${path}></path></svg>`;

/** The drawings, by what they stand for. */
export const icons = {
  menu: icon('M4 7h16M4 12h16M4 17h16'),
  add: icon('M12 5v14M5 12h14'),
  copy: icon('M9 9h11v11H9zM5 15H4V4h11v1'),
  edit: icon('M4 20h4L19 9l-4-4L4 16zM13 7l4 4'),
  again: icon('M20 12a8 8 0 1 1-2.3-5.6M20 4v4h-4'),
  previous: icon('M15 6l-6 6 6 6'),
  next: icon('M9 6l6 6-6 6'),
  remove: icon('M5 7h14M10 7V4h4v3M7 7l1 13h8l1-13'),
  export: icon('M12 4v11M8 11l4 4 4-4M5 20h14'),
  import: icon('M12 15V4M8 8l4-4 4 4M5 20h14'),
  up: icon('M6 15l6-6 6 6'),
  down: icon('M6 9l6 6 6-6'),
  send: icon('M12 19V5M6 11l6-6 6 6'),
  stop: icon('M7 7h10v10H7z'),
};
