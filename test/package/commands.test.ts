/** The commands for developers as a person calls them: what is wrong with a call is said before any work, in one line. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
let folder: string;
beforeAll(() => (folder = mkdtempSync(join(tmpdir(), 'longpage-commands-'))));
afterAll(() => rmSync(folder, { recursive: true }));

test.each<[command: string, args: () => readonly string[], message: string]>([
  ['bench', () => ['--json', folder], 'cannot be written'],
  ['bench', () => ['kv', '--json', folder], 'cannot be written'],
  // What the half under Node finds wrong keeps its exit code.
  [
    'bench',
    () => {
      writeFileSync(join(folder, 'config.json'), '{"architectures": ["FalconForCausalLM"]}');
      return ['--runner', 'node', '--models', folder];
    },
    'FalconForCausalLM',
  ],
  ['eval', () => ['--out', '/dev/null'], 'cannot be written'],
  ['eval', () => ['--write-documents', folder], 'cannot be written'],
  ['profile', () => ['--out', folder], 'cannot be written'],
  [
    'profile',
    () => {
      writeFileSync(join(folder, 'latin.txt'), Uint8Array.of(0x4b, 0xe4, 0x73, 0x65));
      return ['--text', join(folder, 'latin.txt')];
    },
    'no text in UTF-8',
  ],
])('%s, case %#', (command, args, message) => {
  const script = join(root, `tools/${command}/${command}.ts`);
  const options = ['--import', 'tsx', script, ...args()];
  const { status, stdout, stderr } = spawnSync(process.execPath, options, { cwd: root, encoding: 'utf8' });
  expect([status, stdout], stderr).toEqual([2, '']);
  const lines = stderr.trimEnd().split('\n');
  // The half under Node has begun to load what it then refuses.
  expect(lines.filter((line) => !line.endsWith(': loading…'))).toEqual([expect.stringContaining(message)]);
});
