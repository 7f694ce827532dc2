/** Where the page's panes stand, from a phone to a wide window. */
import { css } from 'lit';

export const appStyles = css`
  :host {
    display: flex;
    flex-direction: column;
    height: 100dvh;
  }

  header {
    display: flex;
    align-items: center;
    gap: 0.5rem;
    padding: 0.4rem 1rem;
    border-bottom: 1px solid var(--line);
  }

  h1 {
    flex: 1;
    font-family: var(--serif);
    font-size: 1.2rem;
    font-weight: 600;
    letter-spacing: -0.01em;
  }

  button.menu {
    margin-inline-start: -0.55rem;
  }

  .banner {
    margin: 0.75rem 1rem;
  }

  .panes {
    display: flex;
    /* What is below gives way before this has no room for a few lines and where a question is typed. */
    flex: 1 0 14rem;
    min-height: 0;
    overflow: hidden;
  }

  #library {
    padding: 0.75rem;
    border: 0;
    border-inline-end: 1px solid var(--line);
    background: var(--sunken);
    color: var(--ink);
  }

  main {
    display: grid;
    flex: 1;
    grid-template-columns: minmax(0, 1fr);
    grid-template-rows: minmax(0, 1fr);
    min-width: 0;
    min-height: 0;
  }

  #picker {
    display: block;
    overflow-y: auto;
    padding: 1.25rem;
  }

  main.both {
    grid-template-columns: minmax(0, 1fr) minmax(20rem, 28rem);
  }

  main.both longpage-chat-panel {
    border-inline-start: 1px solid var(--line);
  }

  main:not(.both) longpage-chat-panel {
    width: 100%;
    max-width: 46rem;
    margin: 0 auto;
  }

  .dropping {
    position: fixed;
    inset: 0.75rem;
    z-index: 1;
    display: grid;
    place-items: center;
    border: 2px dashed var(--accent);
    border-radius: var(--radius);
    background: color-mix(in srgb, var(--accent-soft) 96%, transparent);
    font-family: var(--serif);
    font-size: 1.4rem;
    pointer-events: none;
  }

  .add {
    display: flex;
    flex-direction: column;
    min-height: 0;
    overflow-y: auto;
  }

  .add longpage-error-panel,
  .add longpage-import-status {
    box-sizing: border-box;
    width: 100%;
    max-width: 40rem;
    margin: 0 auto;
    padding: 1.25rem 1.25rem 0;
  }

  .tabs {
    display: none;
  }

  footer {
    display: flex;
    flex-direction: column;
    min-height: 2.25rem;
    border-top: 1px solid var(--line);
    font-size: 0.875rem;
  }

  .status {
    display: flex;
    flex: none;
    align-items: center;
    justify-content: space-between;
    gap: 0.5rem;
    min-height: 2.25rem;
    padding: 0.2rem 1rem;
    color: var(--ink-soft);
    font-variant-numeric: tabular-nums;
  }

  #memory {
    max-height: calc(100dvh - 24rem);
    overflow-y: auto;
    border-top: 1px solid var(--line);
    background: var(--surface);
  }

  @media (width >= 75rem) {
    button.menu {
      display: none;
    }

    #library {
      position: static;
      display: flex;
      flex: none;
      width: 17rem;
      height: auto;
      max-height: none;
      margin: 0;
    }
  }

  @media (width < 75rem) {
    #library {
      position: fixed;
      inset: 0 auto 0 0;
      width: min(20rem, 85vw);
      height: 100dvh;
      max-height: none;
      margin: 0;
      box-shadow: 0 0 2rem rgb(0 0 0 / 25%);
    }

    #library:not(:popover-open) {
      display: none;
    }

    #library::backdrop {
      background: rgb(0 0 0 / 30%);
    }
  }

  @media (width < 50rem) {
    .panes {
      flex-direction: column;
    }

    .tabs {
      display: flex;
      gap: 0.25rem;
      padding: 0.5rem 1rem 0;
    }

    .tabs button {
      flex: 1;
      min-height: 2.25rem;
      border-color: transparent;
      background: transparent;
    }

    .tabs button[aria-pressed='true'] {
      border-color: var(--line);
      background: var(--surface);
      font-weight: 600;
    }

    main.both {
      grid-template-columns: minmax(0, 1fr);
    }

    main.both longpage-chat-panel {
      border: 0;
    }

    [data-view='document'] main.both longpage-chat-panel,
    [data-view='chat'] main.both longpage-document-reader {
      display: none;
    }
  }

  /* On a window too low for panes that scroll by themselves, the page scrolls. */
  @media (height < 26rem) {
    :host {
      height: auto;
      min-height: 100dvh;
    }

    .panes {
      overflow: visible;
    }

    main {
      grid-template-rows: minmax(22rem, auto);
    }

    #memory {
      max-height: none;
    }
  }
`;
