/**
 * The bench under Dawn for Node: entry of the bundle that `tools/eval/eval.ts` builds. It also runs on a machine with a GPU and no
 * browser; the current folder must hold `tools/eval/data/` and, unless `--model` names another, `public/models/scout/`.
 */
import { EngineCore } from '../../src/engine/engine';
import type { KvOptions } from '../../src/engine/memory-plan';
import { checkLoadOptions } from '../../src/worker/load-options';
import { loadDawn } from '../../test/bench/dawn';
import { requestOf } from '../../test/support/requests';
import { describeAdapter } from './adapter';
import type { EvalAnswer, EvalEngine, EvalRequest } from './evaluate';
import { parseOptions, usage, UsageError } from './options';
import type { Preparation } from './prepare';
import { runEval } from './run-eval';

/** Loads the engine in this process, with the same check of options at the door as in a page. */
async function openNodeEngine(
  gpu: GPU,
  { source }: Preparation,
  kv: Readonly<Record<string, unknown>>,
): Promise<EvalEngine> {
  const { kv: checked = {} } = checkLoadOptions({ kv: kv as KvOptions });
  const onWarning = (message: string) => console.error(message.split('\n', 1)[0]);
  const core = await EngineCore.load(source, { gpu, kv: checked, onWarning });
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

main().then(
  // Dawn keeps the process alive.
  () => process.exit(0),
  (error: unknown) => {
    console.error(error instanceof UsageError ? error.message : error);
    process.exit(error instanceof UsageError ? 2 : 1);
  },
);
