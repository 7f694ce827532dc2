/** Markdown that streams in shows what the whole text shows, and is looked at once. */
import { Lexer } from 'marked';
import type { TemplateResult } from 'lit';
import { expect, test, vi } from 'vitest';
import { MarkdownStream } from '../../../demo/markdown';

/** What a template would put on the page, without the marks that lit puts between its parts. */
function shown(value: unknown): string {
  if (typeof value === 'string' || typeof value === 'number') return String(value);
  if (Array.isArray(value)) return value.map(shown).join('');
  if (typeof value !== 'object' || value === null || !('strings' in value)) return '';
  const { strings, values } = value as TemplateResult;
  return strings.map((part, index) => part + shown(values[index])).join('');
}

const text = `# One

A *b* and \`c\`.

- first

- second
  more

1. x
2. y

\`\`\`js
let a = 1;

let b = 2;
\`\`\`

| p | q |
|---|---|
| 1 | 2 |

## Two

> quoted

The end.`;

test('letter by letter it comes to the same as at once', () => {
  const stream = new MarkdownStream();
  let last = '';
  for (let length = 1; length <= text.length; length++) last = shown(stream.render(text.slice(0, length)));
  expect(last).toBe(shown(new MarkdownStream().render(text)));
  expect(shown(stream.render('Another text.'))).toBe(shown(new MarkdownStream().render('Another text.')));
});

test('links by name work wherever their address stands', () => {
  const linked = `A [b][1].\n\n${'Word.\n\n'.repeat(5)}[1]: https://example.org/`;
  const stream = new MarkdownStream();
  for (let length = 1; length < linked.length; length += 3) stream.render(linked.slice(0, length));
  expect(shown(stream.render(linked))).toContain('href=https://example.org/');
});

test('what has been looked at is not looked at again', () => {
  const lexer = vi.spyOn(Lexer.prototype, 'lex');
  const stream = new MarkdownStream();
  const numParagraphs = 200;
  let whole = '';
  for (let i = 0; i < numParagraphs; i++) {
    whole += `Paragraph ${i} has some words in it.\n\n`;
    stream.render(whole);
  }
  const numChars = lexer.mock.calls.reduce((sum, [source]) => sum + source.length, 0);
  lexer.mockRestore();
  expect(numChars).toBeLessThan(4 * whole.length);
});
