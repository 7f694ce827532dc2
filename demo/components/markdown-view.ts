/** A text in Markdown, as `MarkdownStream` makes it safe. Renders anew only when the text changes. */
import { LitElement, css } from 'lit';
import { MarkdownStream } from '../markdown';

/** See the file's header. */
export class MarkdownView extends LitElement {
  static override styles = css`
    :host {
      display: block;
      overflow-wrap: anywhere;
    }

    :host > :first-child {
      margin-top: 0;
    }

    :host > :last-child {
      margin-bottom: 0;
    }

    p,
    ul,
    ol,
    pre,
    blockquote,
    .table {
      margin: 0 0 0.75em;
    }

    h3,
    h4,
    h5,
    h6 {
      margin: 1em 0 0.4em;
      font-size: 1.05em;
      line-height: 1.3;
    }

    h3 {
      font-size: 1.2em;
    }

    ul,
    ol {
      padding-left: 1.5em;
    }

    li > p {
      margin-bottom: 0.4em;
    }

    a {
      color: var(--accent);
    }

    code {
      padding: 0.1em 0.3em;
      border-radius: 0.3em;
      background: var(--sunken);
      font-size: 0.9em;
    }

    pre {
      padding: 0.75em 1em;
      border-radius: 0.5em;
      background: var(--sunken);
      overflow-x: auto;
    }

    pre code {
      padding: 0;
      background: none;
      overflow-wrap: normal;
    }

    blockquote {
      padding-left: 1em;
      border-left: 3px solid var(--line);
      color: var(--ink-soft);
    }

    .table {
      overflow-x: auto;
    }

    table {
      border-collapse: collapse;
    }

    th,
    td {
      padding: 0.25em 0.75em;
      border: 1px solid var(--line);
      text-align: left;
    }

    .right {
      text-align: right;
    }

    .center {
      text-align: center;
    }

    .plain {
      white-space: pre-wrap;
    }

    .picture {
      color: var(--ink-soft);
    }

    :focus-visible {
      outline: 3px solid var(--accent);
      outline-offset: 2px;
    }
  `;

  static override properties = { text: { attribute: false } };
  declare text: string;
  readonly #stream = new MarkdownStream();

  constructor() {
    super();
    this.text = '';
  }

  protected override render() {
    return this.#stream.render(this.text);
  }
}

customElements.define('longpage-markdown', MarkdownView);
