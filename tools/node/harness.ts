/**
 * What bench, eval, profile, quality and verify do alike under Dawn for Node: they begin and end, load an engine into this process and ask it.
 * Each is a bundle that `run-in-node.ts` builds, and also runs on a machine with a GPU, no browser and no repository.
 */
import { EngineCore } from '../../src/engine/engine';
import type { GenerationDelta, GenerationEnd, GenerationRequest } from '../../src/loop/generation';
import type { GenerationTimings } from '../../src/loop/generation-event';
import type { ModelSource } from '../../src/source/model-source';
import { checkLoadOptions } from '../../src/worker/load-options';
import { runCommand } from '../command-line/run';
import { loadDawn } from './dawn';

type EngineLoadOptions = Parameters<typeof EngineCore.load>[1];
type KvOptions = NonNullable<EngineLoadOptions['kv']>;

let dawn: GPU | undefined;

/** This process's GPU. It must outlive every engine: it is not enough that an engine's device holds on to it. */
export function nodeGpu(): GPU {
  return (dawn ??= loadDawn());
}

/** Options as callers of the library give them, with the same check at the door as in a page. @throws TypeError, RangeError */
export function checkKv(kv: Readonly<Record<string, unknown>>): KvOptions {
  return checkLoadOptions({ kv }).kv ?? {};
}

/** Loads a model, on this process's GPU unless told; the first line of each warning goes to stderr. @throws what `EngineCore.load` throws */
export function loadEngine(
  source: ModelSource,
  options: Omit<EngineLoadOptions, 'gpu' | 'onWarning'> & { readonly gpu?: GPU },
): Promise<EngineCore> {
  const onWarning = (message: string) => console.error(message.split('\n', 1)[0]);
  return EngineCore.load(source, { gpu: nodeGpu(), ...options, onWarning });
}

/** Runs a request to its end. `onDelta` hears of what arrives. @throws what the engine throws */
export async function askEngine(
  core: EngineCore,
  request: GenerationRequest,
  onDelta?: (delta: GenerationDelta) => void,
): Promise<{ readonly text: string; readonly end: GenerationEnd & { readonly timings: GenerationTimings } }> {
  let text = '';
  for await (const event of core.generate(request)) {
    if (event.kind === 'delta') {
      text += event.text;
      onDelta?.(event);
    }
    if (event.kind === 'end') return { text, end: event };
  }
  throw new Error('An answer had no end.');
}

/** A program's options: how they are read, and what `--help` tells of them. */
interface NodeProgram<O extends object> {
  readonly args?: readonly string[];
  /** @throws UsageError */
  readonly parse: (args: readonly string[]) => O | 'help';
  readonly usage: string;
}

/**
 * The program of a bundle: it tells its usage, or runs with its options. The process ends with it, which Dawn would keep alive.
 */
export function runNodeProgram<O extends object>(
  { args = process.argv.slice(2), parse, usage }: NodeProgram<O>,
  run: (options: O) => Promise<void>,
): void {
  runCommand(
    async () => {
      const options = parse(args);
      if (options === 'help') console.log(usage);
      else await run(options);
    },
    { endsProcess: true },
  );
}
