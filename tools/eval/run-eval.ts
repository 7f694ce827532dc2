/** One run from the options to the report, on whatever engine the entry opens. */
import { writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { checkOutput } from '../command-line/files.mjs';
import { evaluate, type EvalEngine } from './evaluate';
import type { EvalOptions } from './options';
import { prepare, type Preparation } from './prepare';
import { buildReport, describeReport, reportPaths, writeReport } from './report';
import type { EvalDocument, Turn } from './task';

/** Where the engine runs. */
interface EvalRunner {
  /** For the report. */
  readonly name: string;
  /** The repository, or a folder like it. */
  readonly root: string;
  open(preparation: Preparation, kv: Readonly<Record<string, unknown>>): Promise<EvalEngine>;
}

/** Runs the bench, prints its tables and writes its files. @throws UsageError, and what dense attention throws */
export async function runEval(options: EvalOptions, runner: EvalRunner): Promise<void> {
  const startedAt = new Date().toISOString();
  const outFolder = resolve(runner.root, options.outFolder);
  for (const path of options.documentsPath === undefined ? reportPaths(outFolder) : [options.documentsPath]) {
    checkOutput(path);
  }
  const preparation = await prepare(options, runner.root);
  const { plan, documents, countTokens, location, haystack, notes } = preparation;
  if (options.documentsPath !== undefined) {
    writeDocuments(options.documentsPath, documents);
    return;
  }
  const { runs, adapter, refusedVariants } = await evaluate({
    documents,
    plan,
    countTokens,
    open: (kv) => runner.open(preparation, kv),
    numParallel: options.numParallel,
    gpuBytes: options.gpuBytes,
    onProgress: (message) => console.error(message),
  });
  const description = {
    startedAt,
    model: location.replace(/\/+$/, '').split('/').at(-1)!,
    runner: runner.name,
    adapter,
    refusedVariants,
    split: options.split,
    seed: options.seed,
    haystack,
    documents: documents.map(({ id, text, conversations }) => ({
      id,
      numTokens: countTokens(text),
      numQuestions: conversations.length,
    })),
    notes,
  };
  const report = buildReport(description, runs);
  console.log(describeReport(report));
  console.error(writeReport(outFolder, report).join('\n'));
}

/** In the shape of `tools/scout/generate.py`, so that other runtimes can be asked the same. */
function writeDocuments(path: string, documents: readonly EvalDocument[]): void {
  const lines = documents.map(({ id, text, conversations }) =>
    JSON.stringify({
      id,
      document: text,
      conversations: conversations.map((turns) => turns.map((turn) => ({ ...turn, fields: fieldsOf(turn) }))),
    }),
  );
  writeFileSync(path, `${lines.join('\n')}\n`);
}

/** What a right answer contains; of JSON, the values in it. */
function fieldsOf({ task, answer, fields }: Turn): readonly string[] {
  if (fields || !task.startsWith('json')) return fields ?? [answer];
  return [...answer.matchAll(/: ("(?:[^"\\]|\\.)*")/g)].map(([, value]) => JSON.parse(value!) as string);
}
