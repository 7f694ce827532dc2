/** Styles of the controls that several components use; what is particular to one stands in that component. */
import { css } from 'lit';

/** What goes on, or why something does not, with a button beside it and a bar below. */
export const statusBox = css`
  .box {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.4rem 1rem;
    padding: 0.6rem 0.9rem;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    font-variant-numeric: tabular-nums;
  }

  .box.bad {
    border-color: var(--danger);
    background: var(--danger-soft);
  }

  .box p {
    flex: 1 1 14rem;
    overflow-wrap: anywhere;
  }

  .box progress {
    flex: 1 0 100%;
  }
`;

export const controls = css`
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }

  [hidden] {
    display: none !important;
  }

  h1,
  h2,
  h3,
  p {
    margin: 0;
  }

  button,
  input,
  select,
  textarea {
    font: inherit;
    color: inherit;
  }

  button {
    min-height: 2.5rem;
    padding: 0.4rem 1rem;
    border: 1px solid var(--control-line);
    border-radius: var(--radius);
    background: var(--surface);
    cursor: pointer;
  }

  button:hover:not(:disabled) {
    background: var(--sunken);
  }

  button:disabled {
    color: var(--ink-soft);
    border-color: var(--line);
    cursor: default;
  }

  button.primary {
    border-color: var(--accent);
    background: var(--accent);
    color: var(--accent-ink);
    font-weight: 600;
  }

  button.primary:hover:not(:disabled) {
    filter: brightness(1.08);
    background: var(--accent);
  }

  button.primary:disabled {
    border-color: var(--line);
    background: var(--sunken);
    color: var(--ink-soft);
  }

  button.danger {
    border-color: var(--danger);
    background: var(--danger);
    color: var(--paper);
    font-weight: 600;
  }

  button.danger:hover:not(:disabled) {
    filter: brightness(1.08);
    background: var(--danger);
  }

  button.quiet {
    display: inline-flex;
    align-items: center;
    gap: 0.35rem;
    min-height: 2rem;
    padding: 0.2rem 0.55rem;
    border-color: transparent;
    border-radius: 0.5rem;
    background: transparent;
    color: var(--ink-soft);
    font-size: 0.875rem;
  }

  button.quiet:hover:not(:disabled) {
    background: var(--sunken);
    color: var(--ink);
  }

  input[type='search'],
  input[type='url'],
  input[type='text'],
  select,
  textarea {
    width: 100%;
    padding: 0.55rem 0.8rem;
    border: 1px solid var(--control-line);
    border-radius: var(--radius);
    background: var(--surface);
  }

  input[type='range'],
  input[type='checkbox'],
  progress {
    accent-color: var(--accent);
  }

  progress {
    width: 100%;
    height: 0.5rem;
  }

  :focus-visible {
    outline: 3px solid var(--accent);
    outline-offset: 2px;
  }

  dialog {
    width: min(26rem, calc(100% - 2rem));
    padding: 1.25rem;
    border: 1px solid var(--line);
    border-radius: var(--radius);
    background: var(--surface);
    color: var(--ink);
  }

  dialog::backdrop {
    background: rgb(0 0 0 / 45%);
  }

  dialog p {
    margin: 0 0 1rem;
    overflow-wrap: anywhere;
  }

  .soft {
    color: var(--ink-soft);
    font-size: 0.875rem;
  }

  .row {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: 0.5rem;
  }

  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
  }
`;
