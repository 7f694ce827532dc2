/** Files of many kinds, with what their text must contain and must not; run where ../shared is present. */
import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, test, vi } from 'vitest';
import { importFile } from '../../../../tools/import-check/import-file';
import { sharedCheck } from '../../tokenizer/shared-tokenizers';

// The first PDF brings pdf.js, which takes a busy machine a while to load.
vi.setConfig({ testTimeout: 120_000 });

const folder = new URL('../../../../../shared/cases/documents/', import.meta.url);
const isThere = existsSync(folder);

interface Expectation {
  readonly contains: readonly string[];
  readonly lacks: readonly string[];
  /** What a person is to judge; told by `judged` here. */
  readonly judge?: string;
}

const expected = isThere
  ? (JSON.parse(readFileSync(new URL('expected.json', folder), 'utf8')) as Record<string, Expectation>)
  : {};

/** Texts for what is left to a person's judgement. */
const judged: Readonly<Record<string, readonly string[]>> = {
  'docx-merged-cells.docx': [
    ' | North pier | North pier | South pier | South pier\n',
    '\n1911 | 15 | 410 | 9 | 190',
  ],
  'pdf-xfa.pdf': ['number 37 on the east pier'],
  'html-saved-page.mhtml': ['café pier at noon—not later'],
  'docx-symbols.docx': ['☑ insured', '☐ not insured'],
  'markdown-front-matter.md': [],
};

const refused = 'epub-only-pictures.epub';
const names = Object.keys(expected).filter((name) => name !== refused);
const read = (name: string) => importFile(name, readFileSync(new URL(name, folder)));

describe.skipIf(!isThere)(sharedCheck('the shared documents', isThere), () => {
  test.each(names)('%s', async (name) => {
    const { contains, lacks, judge } = expected[name]!;
    const { text, title } = await read(name);
    const marked = `\n${text}\n`;
    for (const fact of [...contains, ...(judged[name] ?? [])]) expect(marked).toContain(fact);
    for (const fault of lacks) expect(text).not.toContain(fault);
    if (judge) expect(judged).toHaveProperty([name]);
    if (name === 'markdown-front-matter.md') expect(title).toBe('The Ferry');
  });

  test(refused, async () => {
    await expect(read(refused)).rejects.toMatchObject({
      code: 'no-text',
      message: expect.stringContaining('picture'),
    });
  });
});
