/** How the open document looks: its head, its text with places beside it, and what is marked. */
import { css } from 'lit';

export const documentReaderStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    min-height: 0;
  }

  header {
    padding: 0.9rem clamp(1rem, 5%, 3rem) 0.75rem;
    border-bottom: 1px solid var(--line);
  }

  h2 {
    font-family: var(--serif);
    font-size: 1.5rem;
    font-weight: 500;
    line-height: 1.25;
    overflow-wrap: anywhere;
  }

  .actions {
    gap: 0 0.5rem;
    margin: 0.25rem 0 0 -0.55rem;
  }

  .actions .soft {
    padding-inline-start: 0.55rem;
  }

  ::slotted(longpage-error-panel),
  ::slotted(longpage-import-status) {
    margin-top: 0.75rem;
  }

  .text {
    flex: 1;
    min-height: 0;
    overflow-y: auto;
    padding: 1.25rem clamp(1rem, 5%, 3rem) 4rem;
  }

  section {
    max-width: 38rem;
    content-visibility: auto;
    contain-intrinsic-size: auto 3000px;
  }

  section p,
  section h3 {
    font-family: var(--serif);
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }

  longpage-find-box {
    margin-top: 0.5rem;
  }

  .place {
    margin: 0 0 0.15em;
    color: var(--ink-soft);
    font-size: 0.8125rem;
    overflow-wrap: anywhere;
  }

  .notes {
    margin-top: 0.5rem;
    color: var(--ink-soft);
    font-size: 0.875rem;
  }

  .notes ul {
    margin: 0.25rem 0 0;
    padding-inline-start: 1.2rem;
    max-height: 20vh;
    overflow-y: auto;
  }

  section p {
    margin: 0 0 0.9em;
    font-size: 1.0625rem;
    line-height: 1.65;
  }

  section h3 {
    margin: 1.6em 0 0.6em;
    font-size: 1.2rem;
    font-weight: 600;
    line-height: 1.3;
  }

  section:first-child > :first-child {
    margin-top: 0;
  }

  mark {
    border-radius: 0.2em;
    background: var(--mark);
    color: inherit;
    box-decoration-break: clone;
  }

  form {
    display: flex;
    flex-wrap: wrap;
    gap: 0.5rem;
  }

  form input {
    flex: 1 1 12rem;
    width: auto;
  }
`;
