/**
 * Markdown as lit templates. Tokens become elements one by one, and no HTML is parsed anywhere: what looks like HTML is shown as
 * the text that it is. Links go to web and mail addresses only, and pictures are named, not fetched.
 */
import { html, nothing, type TemplateResult } from 'lit';
import { Lexer, type MarkedToken, type Token, type Tokens } from 'marked';

/** What a template can hold. */
type Rendered = TemplateResult | string | typeof nothing | readonly Rendered[];

/** Longer texts are shown as they are. */
const maxMarkdownChars = 20_000;

/** Lines that open more quotes and lists within each other than anyone means: they take a lexer seconds. */
const tooDeep = /^(?:[ \t]*(?:>|[-*+]|\d{1,9}[.)])){40}/m;

const namedCharacters: Readonly<Record<string, string>> = {
  amp: '&',
  apos: "'",
  copy: '©',
  gt: '>',
  hellip: '…',
  ldquo: '“',
  lsquo: '‘',
  lt: '<',
  mdash: '—',
  nbsp: '\u00a0',
  ndash: '–',
  quot: '"',
  rdquo: '”',
  rsquo: '’',
};

/** Text with its character references resolved; those that are not known stay as they are. */
function resolveCharacters(text: string): string {
  return text.replace(/&(?:#(\d{1,7})|#x([\da-f]{1,6})|([a-z]{2,6}));/gi, (whole, decimal, hex, name) => {
    if (name !== undefined) return namedCharacters[name as string] ?? whole;
    const code = hex === undefined ? Number(decimal) : parseInt(hex as string, 16);
    const isCharacter = code > 0 && code <= 0x10ffff && (code < 0xd800 || code > 0xdfff);
    return isCharacter ? String.fromCodePoint(code) : '\ufffd';
  });
}

/** The address when it is one that a click may open, otherwise undefined. */
export function safeAddress(address: string): string | undefined {
  // Browsers drop tabs and line feeds inside of addresses and blanks around them; so does this parser.
  const url = URL.canParse(address) ? new URL(address) : undefined;
  return url && ['http:', 'https:', 'mailto:'].includes(url.protocol) ? url.href : undefined;
}

/** Levels for the headings of one text: they begin at 3, below those of the page, and never skip one. */
class HeadingLevels {
  readonly #open: number[];

  constructor(open: readonly number[] = []) {
    this.#open = [...open];
  }

  copy(): HeadingLevels {
    return new HeadingLevels(this.#open);
  }

  next(depth: number): number {
    while (this.#open.length > 0 && this.#open.at(-1)! >= depth) this.#open.pop();
    this.#open.push(depth);
    return Math.min(6, 2 + this.#open.length);
  }
}

function renderLink({ href, tokens }: Tokens.Link, levels: HeadingLevels): Rendered {
  const address = safeAddress(resolveCharacters(href));
  const content = renderAll(tokens, levels);
  if (address === undefined) return content;
  return html`<a href=${address} target="_blank" rel="noopener noreferrer nofollow">${content}</a>`;
}

function renderHeading({ depth, tokens }: Tokens.Heading, levels: HeadingLevels): Rendered {
  const level = levels.next(depth);
  const content = renderAll(tokens, levels);
  switch (level) {
    case 3:
      return html`<h3>${content}</h3>`;
    case 4:
      return html`<h4>${content}</h4>`;
    case 5:
      return html`<h5>${content}</h5>`;
    default:
      return html`<h6>${content}</h6>`;
  }
}

function renderList({ ordered, start, items }: Tokens.List, levels: HeadingLevels): Rendered {
  const rows = items.map((item) => {
    const box = item.task ? (item.checked ? '☑ ' : '☐ ') : '';
    return html`<li>${box}${renderAll(item.tokens, levels)}</li>`;
  });
  return ordered
    ? html`<ol start=${start || 1}>
        ${rows}
      </ol>`
    : html`<ul>
        ${rows}
      </ul>`;
}

function renderTable({ header, rows, align }: Tokens.Table, levels: HeadingLevels): Rendered {
  const sideOf = (index: number) => align[index] ?? 'left';
  return html`<div class="table" tabindex="0" role="group" aria-label="Table">
    <table>
      <thead>
        <tr>
          ${header.map((cell, index) => html`<th class=${sideOf(index)}>${renderAll(cell.tokens, levels)}</th>`)}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          (row) =>
            html`<tr>
              ${row.map((cell, index) => html`<td class=${sideOf(index)}>${renderAll(cell.tokens, levels)}</td>`)}
            </tr>`,
        )}
      </tbody>
    </table>
  </div>`;
}

function render(generic: Token, levels: HeadingLevels): Rendered {
  const token = generic as MarkedToken;
  switch (token.type) {
    case 'heading':
      return renderHeading(token, levels);
    case 'paragraph':
      return html`<p>${renderAll(token.tokens, levels)}</p>`;
    case 'code':
      return html`<pre tabindex="0"><code>${token.text}</code></pre>`;
    case 'blockquote':
      return html`<blockquote>${renderAll(token.tokens, levels)}</blockquote>`;
    case 'list':
      return renderList(token, levels);
    case 'table':
      return renderTable(token, levels);
    case 'hr':
      return html`<hr />`;
    case 'br':
      return html`<br />`;
    case 'strong':
      return html`<strong>${renderAll(token.tokens, levels)}</strong>`;
    case 'em':
      return html`<em>${renderAll(token.tokens, levels)}</em>`;
    case 'del':
      return html`<del>${renderAll(token.tokens, levels)}</del>`;
    case 'codespan':
      return html`<code>${token.text}</code>`;
    case 'link':
      return renderLink(token, levels);
    case 'image':
      return html`<span class="picture">[picture: ${resolveCharacters(token.text || token.href)}]</span>`;
    case 'html':
      return token.block ? html`<p>${token.text.trim()}</p>` : token.text;
    case 'escape':
      return token.text;
    case 'text':
      return token.tokens ? renderAll(token.tokens, levels) : resolveCharacters(token.text);
    // Lists show their own boxes.
    case 'checkbox':
    case 'def':
    case 'space':
      return nothing;
    default:
      return generic.raw;
  }
}

function renderAll(tokens: readonly Token[], levels: HeadingLevels): Rendered {
  return tokens.map((token) => render(token, levels));
}

const lex = (text: string) => new Lexer({ gfm: true }).lex(text);

const isTooMuch = (text: string) => text.length > maxMarkdownChars || tooDeep.test(text);

/** Blocks at the end of a text that what follows may still change: a list goes on behind an empty line. */
const openBlocks = 2;

/**
 * Renders a text as it streams: blocks that have ended are kept, and only the end of the text is looked at again, so that the time
 * grows with the length of the whole and not with its square. An unfinished mark shows as it is until its end comes.
 */
export class MarkdownStream {
  readonly #settled: Rendered[] = [];
  #settledText = '';
  #levels = new HeadingLevels();

  /** @param text all of it so far; another text than the last one with more behind it begins anew */
  render(text: string): TemplateResult {
    if (!text.startsWith(this.#settledText)) this.#begin();
    const rest = text.slice(this.#settledText.length);
    if (isTooMuch(rest)) {
      const plain = html`<p class="plain">${rest}</p>`;
      return html`${this.#settled}${plain}`;
    }
    const tokens = lex(rest);
    const numClosed = this.#settle(tokens, rest);
    const levels = this.#levels.copy();
    const open = tokens.slice(numClosed).map((token) => render(token, levels));
    return html`${this.#settled}${open}`;
  }

  /** Keeps the blocks that have ended. @returns how many those are */
  #settle(tokens: readonly Token[], rest: string): number {
    const numClosed = Math.max(0, tokens.length - openBlocks);
    const closed = tokens.slice(0, numClosed);
    const raw = closed.map((token) => token.raw).join('');
    // Links by name are written out somewhere below: such a text is looked at as a whole. So is one that the lexer changed.
    const isWhole = rest.startsWith(raw) && !/\]\[|^ {0,3}\[[^\]]+\]:/m.test(rest);
    if (!isWhole) return 0;
    for (const token of closed) this.#settled.push(render(token, this.#levels));
    this.#settledText += raw;
    return numClosed;
  }

  #begin(): void {
    this.#settled.length = 0;
    this.#settledText = '';
    this.#levels = new HeadingLevels();
  }
}
