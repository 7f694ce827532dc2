/** `ask` as a person calls it: the built library in headless Chromium, exit codes and what is printed. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const root = join(import.meta.dirname, '../..');
const model = join(root, 'test/fixtures/models/tiny-llama');

function ask(...args: string[]) {
  const command = [join(root, 'tools/ask/ask.mjs'), ...args];
  // Files whose sources changed a moment ago are built anew, which says so on stderr: not what is looked at here.
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8' });
  return { status, stdout, stderr: stderr.replace(/^Building the library.*\n/m, '') };
}

describe('ask', () => {
  let folder: string;

  beforeAll(() => {
    folder = mkdtempSync(join(tmpdir(), 'longpage-ask-'));
  });

  afterAll(() => rmSync(folder, { recursive: true }));

  test('prints one object with all that the run was', () => {
    const { status, stdout, stderr } = ask(
      ...['--model', model, '--question', 'Hi', '--max-tokens', '4', '--logprobs', '2', '--json'],
    );
    expect([status, stderr]).toEqual([0, '']);
    const report = JSON.parse(stdout);
    const fields = [
      'text',
      'tokenIds',
      'finishReason',
      'logprobs',
      'usage',
      'timings',
      'memory',
      'kv',
      'gpu',
      'adapter',
    ];
    expect(Object.keys(report)).toEqual(fields);
    expect(report.tokenIds).toHaveLength(report.usage.completion_tokens);
    expect(report.logprobs).toHaveLength(report.tokenIds.length);
    for (const [index, { id, logprob, top }] of report.logprobs.entries()) {
      expect(id).toBe(report.tokenIds[index]);
      // Greedy: the token that was taken is the likeliest.
      expect(top).toEqual([{ id, logprob }, expect.objectContaining({ logprob: expect.any(Number) })]);
    }
    expect(report.timings.stepMs).toHaveLength(report.tokenIds.length - 1);
    expect(Object.keys(report.timings).sort()).toEqual(['decodeMsPerToken', 'loadMs', 'prefillMs', 'stepMs']);
    const { total, peakTotal, ...categories } = report.memory.gpuBytes as Record<string, number>;
    expect(Object.values(categories).reduce((sum, bytes) => sum + bytes, 0)).toBe(total);
    expect(peakTotal).toBeGreaterThanOrEqual(total!);
    expect(report.memory.hostBytes).toBeGreaterThan(0);
    expect(report.memory.diskBytes).toBe(0);
    expect(Object.keys(report.kv)).toEqual(['pages', 'residentPages', 'reranks', 'promotions', 'stalls']);
    const perToken = ['dispatchesPerToken', 'submitsPerToken', 'readbacksPerToken', 'buffersPerToken'];
    expect(Object.keys(report.gpu)).toEqual(perToken);
  });

  test('streams the same text without --json', () => {
    const args = ['--model', model, '--prompt-ids', '5,9,20', '--max-tokens', '6'];
    const streamed = ask(...args);
    expect(streamed.status).toBe(0);
    expect(streamed.stdout).toBe(`${JSON.parse(ask(...args, '--json').stdout).text}\n`);
  });

  test('ends without a word when nobody reads on', async () => {
    const args = ['--model', model, '--prompt-ids', '5,9,20', '--max-tokens', '2000', '--temperature', '1'];
    const child = spawn(process.execPath, [join(root, 'tools/ask/ask.mjs'), ...args]);
    let stderr = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
    child.stdout.once('data', () => child.stdout.destroy());
    const [status] = (await once(child, 'close')) as [number | null];
    expect([status, stderr.replace(/^Building the library.*\n/m, '')]).toEqual([0, '']);
  });

  test('exits with 2 and one line for a bad option and for a model that is none', () => {
    const broken = join(folder, 'broken');
    cpSync(model, broken, { recursive: true });
    writeFileSync(join(broken, 'config.json'), '{"architectures": ["FalconForCausalLM"]}');
    const empty = mkdtempSync(join(folder, 'empty-'));
    const binary = join(folder, 'binary.txt');
    writeFileSync(binary, Uint8Array.of(0xff, 0xd8, 0xff, 0xe0));
    const blank = join(folder, 'blank.txt');
    writeFileSync(blank, ' \n');
    for (const [args, message] of [
      [['--prompt', 'x', '--colour', 'red'], '--colour'],
      [['--prompt', 'x', '--model', join(folder, 'none')], 'does not exist'],
      [['--prompt', 'x', '--model', empty], 'config.json'],
      [['--question', 'x', '--doc', binary], 'no text in UTF-8'],
      [['--question', 'x', '--doc', folder], 'cannot be read'],
      [['--question', 'x', '--doc', blank], 'is empty'],
      [['--prompt', 'x', '--model', broken], 'FalconForCausalLM'],
      [['--prompt', 'x', '--model', 'http://127.0.0.1:9/'], 'http://127.0.0.1:9/'],
      [['--prompt-ids', '99999999', '--model', model], '99999999'],
    ] as const) {
      const { status, stdout, stderr } = ask(...args);
      expect([status, stdout], stderr).toEqual([2, '']);
      expect(stderr).toContain(message);
      expect(stderr.trimEnd()).not.toContain('\n');
    }
  });
});
