/**
 * Which of a folder's configurations this engine takes: `npx tsx tools/configs/check-configs.ts FOLDER`. Every JSON file below it that
 * names a `model_type` or `architectures` is read as a model's `config.json`. Exit code 1: one of them broke the reader instead of
 * being taken or refused; 2: called wrongly.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseModelConfig } from '../../src/config/model-config';
import { otherArchitectures } from '../../src/config/other-architectures';
import { EngineError } from '../../src/util/errors';
import { runCommand } from '../command-line/run';
import { UsageError } from '../command-line/usage-error.mjs';

/** What became of one file; `sentence` is why it was not taken. */
type Outcome =
  | { readonly kind: 'accepted'; readonly architecture: string }
  | { readonly kind: 'refused' | 'broken'; readonly sentence: string };

function check(config: unknown): Outcome {
  try {
    const { architecture } = parseModelConfig(config, undefined, otherArchitectures);
    return { kind: 'accepted', architecture };
  } catch (error) {
    if (error instanceof EngineError) return { kind: 'refused', sentence: error.message };
    return { kind: 'broken', sentence: String(error) };
  }
}

/** The parsed file, where it may be a model's configuration. */
function readConfig(path: string): unknown {
  let parsed: unknown;
  try {
    parsed = JSON.parse(readFileSync(path, 'utf8'));
  } catch {
    return undefined;
  }
  const isConfig =
    typeof parsed === 'object' && parsed !== null && ('model_type' in parsed || 'architectures' in parsed);
  return isConfig ? parsed : undefined;
}

runCommand(() => {
  const [folder, ...others] = process.argv.slice(2);
  if (
    folder === undefined ||
    others.length > 0 ||
    !statSync(folder, { throwIfNoEntry: false })?.isDirectory()
  )
    throw new UsageError('Name one folder with configurations.');
  const counts = { accepted: 0, refused: 0, broken: 0 };
  for (const name of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    const path = join(folder, name);
    const config = name.endsWith('.json') ? readConfig(path) : undefined;
    if (config === undefined) continue;
    const outcome = check(config);
    counts[outcome.kind]++;
    const said = outcome.kind === 'accepted' ? outcome.architecture : outcome.sentence;
    console.log(`${outcome.kind.padEnd(8)}  ${relative(folder, path)}: ${said}`);
  }
  console.log(`${counts.accepted} accepted, ${counts.refused} refused, ${counts.broken} broken`);
  if (counts.broken > 0) process.exitCode = 1;
  return Promise.resolve();
});
