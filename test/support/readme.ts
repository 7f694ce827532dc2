/** What README promises, for tests that hold it to its word. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

const readme = readFileSync(join(import.meta.dirname, '../../README.md'), 'utf8');

/** The first code block after the heading that is exactly `heading`. */
export function codeBlockUnder(heading: string): string {
  const section = readme.split(/^#+ /m).find((part) => part.startsWith(`${heading}\n`));
  const block = /^```\w*\n([\s\S]*?)^```/m.exec(section ?? '')?.[1];
  if (!block) throw new Error(`README has no code block under '${heading}'.`);
  return block;
}

/** The policy that README gives to hosts, as the header's value. */
export function contentSecurityPolicy(): string {
  const header = codeBlockUnder('Content-Security-Policy').replace(/\s+/g, ' ').trim();
  const name = 'Content-Security-Policy: ';
  if (!header.startsWith(name)) throw new Error('README gives no Content-Security-Policy header.');
  return header.slice(name.length);
}
