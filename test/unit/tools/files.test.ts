import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkOutput, readTextFile } from '../../../tools/command-line/files.mjs';
import { UsageError } from '../../../tools/command-line/options';

let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'longpage-files-'))));
afterEach(() => rmSync(folder, { recursive: true }));
const at = (...path: string[]) => join(folder, ...path);

/** The whole message of the mistake that it is. */
function mistake(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(UsageError);
    return (error as Error).message;
  }
  throw new Error('it was accepted');
}

describe('a text', () => {
  test('is what the file holds', () => {
    writeFileSync(at('a.txt'), 'Käse\n');
    expect(readTextFile(at('a.txt'))).toBe('Käse\n');
  });

  test('that is none, or not there, is said in one line', () => {
    writeFileSync(at('b.txt'), Uint8Array.of(0x4b, 0xe4, 0x73, 0x65));
    expect(mistake(() => readTextFile(at('b.txt')))).toBe(`The file '${at('b.txt')}' is no text in UTF-8.`);
    expect(mistake(() => readTextFile(at('c.txt'), 'document'))).toBe(
      `The document '${at('c.txt')}' cannot be read (ENOENT).`,
    );
  });
});

describe('an output', () => {
  test('that can be written leaves no file, and folders for it', () => {
    checkOutput(at('x', 'y', 'out.json'));
    expect(existsSync(at('x', 'y'))).toBe(true);
    expect(existsSync(at('x', 'y', 'out.json'))).toBe(false);
  });

  test('that is there stays as it is', () => {
    writeFileSync(at('old.json'), 'old');
    checkOutput(at('old.json'));
    expect(readFileSync(at('old.json'), 'utf8')).toBe('old');
  });

  test('that cannot be written is said in one line', () => {
    mkdirSync(at('folder'));
    writeFileSync(at('file'), '');
    expect(mistake(() => checkOutput(at('folder')))).toBe(
      `'${at('folder')}' cannot be written (it is a folder).`,
    );
    expect(mistake(() => checkOutput(at('file', 'out.json')))).toMatch(/ cannot be written \(E\w+\)\.$/);
    expect(mistake(() => checkOutput('/dev/null/out.json'))).toMatch(/ cannot be written \(E\w+\)\.$/);
  });
});
