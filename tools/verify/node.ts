/**
 * Our half of `npm run verify`, under Dawn for Node: entry of the bundle that `verify.ts` builds. Reads a request from the file that
 * its first argument names, and writes what it found to the second.
 */
import { readFileSync, statSync, writeFileSync } from 'node:fs';
import type { Tokenizer } from '../../src/tokenizer/tokenizer';
import { askEngine, loadEngine } from '../node/harness';
import { openModel } from '../node/open-model';
import { requestOf } from '../node/requests';
import { runCommand } from '../command-line/run';
import type { Step } from './compare';
import type { VerifyOptions } from './options';

/** What comes back. */
export interface NodeResult {
  readonly adapter: string;
  readonly prompts: readonly { readonly text: string; readonly ids: readonly number[] }[];
  readonly steps: readonly (readonly Step[])[];
  /** Tokens that end an answer. */
  readonly eosIds: readonly number[];
  /** GPU bytes of the weights, and of the file. */
  readonly weightBytes: number;
  readonly fileBytes: number;
  /** Most bytes of JavaScript's heap and buffers beyond those before the load, while it loaded; garbage counts. */
  readonly peakExtraBytes: number;
  readonly loadMs: number;
}

/** The beginning of a text that has so many tokens, or a few less where a cut there would join other tokens. */
function promptOf(tokenizer: Tokenizer, whole: string, length: number): { text: string; ids: number[] } {
  const all = tokenizer.encode(whole.slice(0, 16 * length));
  for (let end = Math.min(length, all.length); end > 0; end--) {
    const text = tokenizer.decode(all.slice(0, end));
    const ids = tokenizer.encode(text);
    if (ids.length === end) return { text, ids };
  }
  throw new Error('The text has no beginning of whole tokens.');
}

async function main(): Promise<void> {
  const [requestPath, resultPath] = process.argv.slice(2) as [string, string];
  const request = JSON.parse(readFileSync(requestPath, 'utf8')) as VerifyOptions;
  const { model, lengths, numSteps, arithmetic } = request;
  const hostBytes = () => {
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  const before = hostBytes();
  let peak = before;
  const watch = setInterval(() => (peak = Math.max(peak, hostBytes())), 5);
  const exact =
    arithmetic === 'f32' ? { weights: 'f32' as const, kv: { format: 'f32' as const } } : { kv: {} };
  const longest = Math.max(...lengths) + numSteps;
  const engine = await loadEngine(await openModel(model), {
    ...exact,
    kv: { ...exact.kv, contextTokens: longest + 16, numSequences: 1, unstableShare: 1, gpuBytes: 2 ** 30 },
  });
  clearInterval(watch);
  const whole = readFileSync(request.text, 'utf8');
  const prompts = lengths.map((length) => promptOf(engine.tokenizer, whole, length));
  const steps: Step[][] = [];
  for (const prompt of prompts) {
    const own: Step[] = [];
    const given = requestOf(prompt.ids, {
      maxTokens: numSteps,
      logprobs: 20,
      ignoreEos: true,
      isExact: true,
    });
    await askEngine(engine, given, ({ logprobs = [] }) => {
      for (const { top } of logprobs)
        own.push({ ids: top.map(({ id }) => id), logprobs: top.map(({ logprob }) => logprob) });
    });
    steps.push(own);
    console.error(`${prompt.ids.length} tokens and ${own.length} steps are done.`);
  }
  const { memory, adapter, timings } = engine.stats();
  const result: NodeResult = {
    adapter: adapter.description,
    prompts,
    steps,
    eosIds: engine.config.eosIds,
    weightBytes: memory.gpuBytes.weights,
    fileBytes: statSync(model).size,
    peakExtraBytes: peak - before,
    loadMs: timings.loadMs,
  };
  writeFileSync(resultPath, JSON.stringify(result));
  await engine.dispose();
}

runCommand(main, { endsProcess: true });
