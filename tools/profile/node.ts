/**
 * The profile under Dawn for Node: entry of the bundle that `tools/profile/profile.ts` builds. It also runs on a machine with a
 * GPU and no browser; the current folder must hold `tools/eval/data/` and, unless `--model` names another,
 * `public/models/scout/`.
 */
import type { EngineCore } from '../../src/engine/engine';
import type { Prompt } from '../../src/loop/generation';
import type { ModelSource } from '../../src/source/model-source';
import { loadDawn } from '../../test/bench/dawn';
import { requestOf } from '../../test/support/requests';
import { loadEngine } from '../command-line/load-engine';
import { runCommand } from '../command-line/run';
import type { ProfileInput } from './inputs';
import { parseOptions, usage } from './options';
import { runProfile, type ProfileEngine } from './run-profile';

async function openNodeEngine(
  gpu: GPU,
  source: ModelSource,
  kv: Readonly<Record<string, unknown>>,
): Promise<ProfileEngine> {
  const core = await loadEngine(gpu, source, kv);
  return {
    write: (input) => write(core, input),
    headProfile: () => core.headProfile(),
    dispose: () => core.dispose(),
  };
}

async function write(core: EngineCore, { text, question, maxTokens }: ProfileInput): Promise<number> {
  const prompt: Prompt =
    question === undefined
      ? { kind: 'text', text }
      : { kind: 'chat', messages: [{ role: 'user', content: question }], document: { text } };
  for await (const event of core.generate(
    requestOf(prompt, { maxTokens, ignoreEos: question === undefined }),
  )) {
    if (event.kind === 'end') return event.numCompletionTokens;
  }
  throw new Error('An answer had no end.');
}

async function main(): Promise<void> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(usage);
    return;
  }
  let gpu: GPU | undefined;
  await runProfile(options, {
    root: process.cwd(),
    // Dawn must outlive the engine: it is not enough that the engine's device holds on to it.
    open: (_, source, kv) => openNodeEngine((gpu ??= loadDawn()), source, kv),
  });
}

runCommand(main, { endsProcess: true });
