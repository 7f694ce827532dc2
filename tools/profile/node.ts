/**
 * The profile under Dawn for Node: entry of the bundle that `tools/profile/profile.ts` builds. The current folder must hold
 * `tools/eval/data/` and, unless `--model` names another, `public/models/scout/`.
 */
import type { EngineCore } from '../../src/engine/engine';
import type { Prompt } from '../../src/loop/generation';
import type { ModelSource } from '../../src/source/model-source';
import { askEngine, checkKv, loadEngine, runNodeProgram } from '../node/harness';
import { requestOf } from '../node/requests';
import { ForcedRequest } from '../quality/forced-request';
import type { ProfileInput } from './inputs';
import { parseOptions, usage } from './options';
import { runProfile, type ProfileEngine } from './run-profile';

async function openNodeEngine(
  source: ModelSource,
  kv: Readonly<Record<string, unknown>>,
): Promise<ProfileEngine> {
  const core = await loadEngine(source, { kv: checkKv(kv) });
  return {
    write: (input) => write(core, input),
    headProfile: () => core.headProfile(),
    dispose: () => core.dispose(),
  };
}

async function write(core: EngineCore, input: ProfileInput): Promise<number> {
  const { text, question, continuation, maxTokens } = input;
  if (continuation) {
    const { ids } = await core.encodePrompt({ kind: 'text', text });
    const request = new ForcedRequest(ids, continuation, {});
    core.loop.add(request);
    return (await request.done).length;
  }
  const prompt: Prompt =
    question === undefined
      ? { kind: 'text', text }
      : { kind: 'chat', messages: [{ role: 'user', content: question }], document: { text } };
  const request = requestOf(prompt, { maxTokens, ignoreEos: question === undefined });
  const { end } = await askEngine(core, request);
  return end.numCompletionTokens;
}

runNodeProgram({ parse: parseOptions, usage }, (options) =>
  runProfile(options, {
    root: process.cwd(),
    open: (_, source, kv) => openNodeEngine(source, kv),
  }),
);
