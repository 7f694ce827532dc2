/**
 * The quality bench under Dawn for Node: entry of the bundle that `tools/eval/eval.ts` builds. The current folder must hold
 * `tools/eval/data/` and, unless `--model` names another, `public/models/scout/`.
 */
import type { EngineCore } from '../../src/engine/engine';
import { askEngine, checkKv, loadEngine, runNodeProgram } from '../node/harness';
import { requestOf } from '../node/requests';
import { describeAdapter } from './adapter';
import type { EvalAnswer, EvalEngine, EvalRequest } from './evaluate';
import { parseOptions, usage } from './options';
import type { Preparation } from './prepare';
import { disabledFeatures } from './settings';
import { runEval } from './run-eval';

async function openNodeEngine(
  { source }: Preparation,
  kv: Readonly<Record<string, unknown>>,
): Promise<EvalEngine> {
  const core = await loadEngine(source, { kv: checkKv(kv), disabledFeatures });
  return {
    answer: (request) => answer(core, request),
    stats: async () => describeAdapter(core.stats()),
    dispose: () => core.dispose(),
  };
}

async function answer(core: EngineCore, request: EvalRequest): Promise<EvalAnswer> {
  const { document, messages, maxTokens, isExact } = request;
  const prompt = { kind: 'chat' as const, messages: [...messages], document: { text: document } };
  const { text, end } = await askEngine(core, requestOf(prompt, { maxTokens, isExact }));
  const { numPromptTokens, numCachedTokens, numCompletionTokens } = end;
  return { text, numPromptTokens, numCachedTokens, numTokens: numCompletionTokens };
}

runNodeProgram({ parse: parseOptions, usage }, (options) =>
  runEval(options, { name: 'Node', root: process.cwd(), open: openNodeEngine }),
);
