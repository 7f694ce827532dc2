/**
 * The bench under Dawn for Node: entry of the bundle that `tools/eval/eval.ts` builds. It also runs on a machine with a GPU and no
 * browser; the current folder must hold `tools/eval/data/` and, unless `--model` names another, `public/models/scout/`.
 */
import type { EngineCore } from '../../src/engine/engine';
import { loadDawn } from '../../test/bench/dawn';
import { requestOf } from '../../test/support/requests';
import { loadEngine } from '../command-line/load-engine';
import { runCommand } from '../command-line/run';
import { describeAdapter } from './adapter';
import type { EvalAnswer, EvalEngine, EvalRequest } from './evaluate';
import { parseOptions, usage } from './options';
import type { Preparation } from './prepare';
import { disabledFeatures } from './settings';
import { runEval } from './run-eval';

async function openNodeEngine(
  gpu: GPU,
  { source }: Preparation,
  kv: Readonly<Record<string, unknown>>,
): Promise<EvalEngine> {
  const core = await loadEngine(gpu, source, kv, disabledFeatures);
  return {
    answer: (request) => answer(core, request),
    stats: async () => describeAdapter(core.stats()),
    dispose: () => core.dispose(),
  };
}

async function answer(core: EngineCore, request: EvalRequest): Promise<EvalAnswer> {
  const { document, messages, maxTokens, isExact } = request;
  const prompt = { kind: 'chat' as const, messages: [...messages], document: { text: document } };
  let text = '';
  for await (const event of core.generate(requestOf(prompt, { maxTokens, isExact }))) {
    if (event.kind === 'delta') text += event.text;
    if (event.kind === 'end') {
      const { numPromptTokens, numCachedTokens, numCompletionTokens } = event;
      return { text, numPromptTokens, numCachedTokens, numTokens: numCompletionTokens };
    }
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
  await runEval(options, {
    name: 'Node',
    root: process.cwd(),
    open: (preparation, kv) => openNodeEngine((gpu ??= loadDawn()), preparation, kv),
  });
}

runCommand(main, { endsProcess: true });
