/** How a question and an answer look. */
import { css } from 'lit';

export const chatTurnStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    max-width: 100%;
  }

  .thoughts,
  .user .content {
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }

  .user {
    align-self: flex-end;
    max-width: 85%;
    padding: 0.55rem 0.9rem;
    border-radius: var(--radius);
    border-end-end-radius: 0.25rem;
    background: var(--accent-soft);
  }

  .note {
    margin-top: 0.25rem;
    color: var(--ink-soft);
    font-size: 0.875rem;
    font-style: italic;
  }

  .actions {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    margin-top: 0.15rem;
  }

  .actions.answer {
    margin-inline-start: -0.55rem;
  }

  .actions.question {
    align-self: flex-end;
  }

  .actions button {
    min-width: 2rem;
    justify-content: center;
  }

  .branches {
    display: inline-flex;
    align-items: center;
    font-variant-numeric: tabular-nums;
  }

  .figures {
    padding: 0 0.55rem;
  }

  .waiting {
    color: var(--ink-soft);
  }

  .cursor::after {
    content: '';
    display: inline-block;
    width: 0.5em;
    height: 1em;
    vertical-align: text-bottom;
    background: var(--accent);
  }

  @media (prefers-reduced-motion: no-preference) {
    .cursor::after {
      animation: blink 1s steps(2, jump-none) infinite;
    }
  }

  @keyframes blink {
    to {
      opacity: 0;
    }
  }

  form {
    display: flex;
    flex-direction: column;
    gap: 0.5rem;
  }

  form .row {
    justify-content: flex-end;
  }

  textarea {
    field-sizing: content;
    min-height: 2.75rem;
    max-height: 12rem;
    resize: none;
  }
`;
