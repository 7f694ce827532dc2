/** Runs the plan on an engine: setting by setting, document by document, every answer scored. Knows no GPU and no page. */
import type { CountTokens } from './arrange';
import { describeError } from './describe-error';
import { lengthsOf, type EvalPlan } from './plan';
import { scoreAnswer } from './score';
import { kvOptions, scaledPages, whyNotSparse, type Residency, type Setting } from './settings';
import type { Conversation, EvalDocument, Task } from './task';

/** A chat about a document, greedy. */
export interface EvalRequest {
  readonly document: string;
  readonly messages: readonly { readonly role: 'user' | 'assistant'; readonly content: string }[];
  readonly maxTokens: number;
  readonly isExact: boolean;
}

/** An answer, with token counts. */
export interface EvalAnswer {
  readonly text: string;
  readonly numPromptTokens: number;
  readonly numCachedTokens: number;
  readonly numTokens: number;
}

/** What the bench reads of an engine's statistics. */
export interface EvalStats {
  readonly adapter: string;
  readonly kv: Residency & {
    readonly reranks: number;
    readonly promotions: number;
    readonly stalls: number;
  };
  readonly refusedVariants: readonly string[];
}

/** A loaded engine, wherever it runs. */
export interface EvalEngine {
  answer(request: EvalRequest): Promise<EvalAnswer>;
  stats(): Promise<EvalStats>;
  dispose(): Promise<void>;
}

/** Loads the model with `kv` options. @throws TypeError or RangeError, by name, for options that this build does not know */
type OpenEngine = (kv: Readonly<Record<string, unknown>>) => Promise<EvalEngine>;

/** One question under one setting. */
export interface Outcome extends EvalAnswer {
  /** The document's id and the conversation's number in it. */
  readonly question: string;
  readonly task: Task;
  readonly lengthTokens: number;
  readonly expected: string;
  readonly numExpectedTokens: number;
  readonly score: number;
  /** The answer is the expected one, character by character. */
  readonly isExact: boolean;
  readonly durationMs: number;
}

/** A setting at one length. */
export interface LengthRun {
  readonly lengthTokens: number;
  /** K as the engine got it; null for dense attention. */
  readonly pagesPerHead: number | null;
  /** After the last question. */
  readonly kv: EvalStats['kv'];
}

/** What became of a setting. Only `measured` ones have outcomes. */
export interface SettingRun {
  readonly setting: Setting;
  readonly status: 'measured' | 'not-available' | 'left-out';
  /** Why it was not measured; empty when it was. */
  readonly reason: string;
  readonly lengths: readonly LengthRun[];
  readonly outcomes: readonly Outcome[];
  readonly durationMs: number;
}

/** How to run. */
interface EvaluateOptions {
  readonly documents: readonly EvalDocument[];
  readonly plan: EvalPlan;
  readonly open: OpenEngine;
  readonly countTokens: CountTokens;
  readonly numParallel: number;
  /** GPU bytes beside the weights; undefined: the engine's own limit. */
  readonly gpuBytes: number | undefined;
  readonly onProgress: (message: string) => void;
}

/** All settings of the plan, and what the engine runs on. @throws what dense attention throws: without it there is nothing to compare */
export async function evaluate(
  options: EvaluateOptions,
): Promise<{ runs: SettingRun[]; adapter: string; refusedVariants: readonly string[] }> {
  const { plan, onProgress } = options;
  const startedAt = performance.now();
  const runs: SettingRun[] = [];
  let about = { adapter: '', refusedVariants: [] as readonly string[] };
  for (const setting of plan.settings) {
    const elapsedMs = performance.now() - startedAt;
    const longestMs = Math.max(0, ...runs.map(({ durationMs }) => durationMs));
    if (
      plan.limitMinutes !== undefined &&
      runs.length > 0 &&
      elapsedMs + longestMs > plan.limitMinutes * 60_000
    ) {
      runs.push(notMeasured(setting, 'left-out', `it would not end within ${plan.limitMinutes} minutes`));
      continue;
    }
    onProgress(`${setting.title}…`);
    const { run, stats } = await runSetting(options, setting);
    if (stats) about = stats;
    onProgress(`${setting.title}: ${describeRun(run)}`);
    runs.push(run);
  }
  const { adapter, refusedVariants } = about;
  return { runs, adapter, refusedVariants };
}

async function runSetting(
  options: EvaluateOptions,
  setting: Setting,
): Promise<{ run: SettingRun; stats?: EvalStats }> {
  const startedAt = performance.now();
  const lengths: LengthRun[] = [];
  const outcomes: Outcome[] = [];
  let stats: EvalStats | undefined;
  for (const lengthTokens of lengthsOf(options.documents)) {
    const result = await runLength(options, setting, lengthTokens);
    if ('reason' in result) return { run: notMeasured(setting, 'not-available', result.reason) };
    lengths.push(result.length);
    outcomes.push(...result.outcomes);
    stats = result.stats;
  }
  const durationMs = performance.now() - startedAt;
  const run: SettingRun = { setting, status: 'measured', reason: '', lengths, outcomes, durationMs };
  return stats ? { run, stats } : { run };
}

type LengthResult =
  | { readonly length: LengthRun; readonly outcomes: readonly Outcome[]; readonly stats: EvalStats }
  | { readonly reason: string };

async function runLength(
  options: EvaluateOptions,
  setting: Setting,
  lengthTokens: number,
): Promise<LengthResult> {
  const documents = options.documents.filter((document) => document.lengthTokens === lengthTokens);
  const pagesPerHead = setting.kv ? scaledPages(setting.kv.pagesPerHead, lengthTokens) : null;
  const engine = await openOrReason(options, setting, lengthTokens, documents);
  if (typeof engine === 'string') return { reason: engine };
  try {
    const outcomes: Outcome[] = [];
    for (const [i, document] of documents.entries()) {
      outcomes.push(...(await runDocument(options, setting, engine, document)));
      if (i > 0 || pagesPerHead === null) continue;
      // Found out after the first document: a setting that the engine does not follow need not be run to its end.
      const documentPages = Math.floor(Math.max(...outcomes.map((o) => o.numPromptTokens)) / pageTokens);
      const reason = whyNotSparse(setting, pagesPerHead, documentPages, (await engine.stats()).kv);
      if (reason !== undefined) return { reason };
    }
    const stats = await engine.stats();
    return { length: { lengthTokens, pagesPerHead, kv: stats.kv }, outcomes, stats };
  } finally {
    await engine.dispose();
  }
}

/** Tokens of a page. */
const pageTokens = 16;

/** An engine, or why this build has none for the setting. What goes wrong with dense attention is thrown. */
async function openOrReason(
  { open, countTokens, gpuBytes, numParallel }: EvaluateOptions,
  setting: Setting,
  lengthTokens: number,
  documents: readonly EvalDocument[],
): Promise<EvalEngine | string> {
  const longest = Math.max(
    ...documents.flatMap(({ text, conversations }) =>
      conversations.map((conversation) => countTokens(text) + roomFor(conversation, countTokens)),
    ),
  );
  const contextTokens = pageTokens * Math.ceil(longest / pageTokens);
  const shared = { contextTokens, numSequences: numParallel, ...(gpuBytes !== undefined && { gpuBytes }) };
  try {
    return await open({ ...kvOptions(setting, lengthTokens), ...shared });
  } catch (error) {
    if (!setting.kv) throw error;
    return `not available in this build: ${describeError(error)}`;
  }
}

/** The first question prefills the document; the others, some at a time, share its prefix. */
async function runDocument(
  options: EvaluateOptions,
  setting: Setting,
  engine: EvalEngine,
  document: EvalDocument,
): Promise<Outcome[]> {
  const ask = (index: number) =>
    runConversation(document, index, { setting, engine, countTokens: options.countTokens });
  const outcomes = [await ask(0)];
  const { numParallel } = options;
  for (let i = 1; i < document.conversations.length; i += numParallel) {
    const count = Math.min(numParallel, document.conversations.length - i);
    outcomes.push(...(await Promise.all(Array.from({ length: count }, (_, j) => ask(i + j)))));
  }
  return outcomes;
}

async function runConversation(
  document: EvalDocument,
  index: number,
  {
    setting,
    engine,
    countTokens,
  }: Pick<EvaluateOptions, 'countTokens'> & { readonly setting: Setting; readonly engine: EvalEngine },
): Promise<Outcome> {
  const conversation = document.conversations[index]!;
  const turn = conversation.at(-1)!;
  const before = conversation.slice(0, -1).flatMap(({ question, answer }) => [
    { role: 'user' as const, content: question },
    { role: 'assistant' as const, content: answer },
  ]);
  const numExpectedTokens = countTokens(turn.answer);
  const startedAt = performance.now();
  const answer = await engine.answer({
    document: document.text,
    messages: [...before, { role: 'user', content: turn.question }],
    maxTokens: answerLimit(numExpectedTokens),
    isExact: !setting.kv,
  });
  return {
    ...answer,
    question: `${document.id}/${index}`,
    task: turn.task,
    lengthTokens: document.lengthTokens,
    expected: turn.answer,
    numExpectedTokens,
    score: scoreAnswer(turn, answer.text),
    isExact: answer.text.trim() === turn.answer,
    durationMs: performance.now() - startedAt,
  };
}

/** An answer may run on for a while: one that repeats itself must not look right because it was cut. */
function answerLimit(numExpectedTokens: number): number {
  return Math.ceil(1.25 * numExpectedTokens) + 16;
}

/** Tokens of a conversation and its answer beyond the document, with room for the template's own. */
function roomFor(conversation: Conversation, countTokens: CountTokens): number {
  const perTurn = 16;
  const spoken = conversation.reduce(
    (sum, { question, answer }) => sum + perTurn + countTokens(question) + countTokens(answer),
    0,
  );
  return spoken + answerLimit(countTokens(conversation.at(-1)!.answer)) + 4 * pageTokens;
}

function notMeasured(setting: Setting, status: 'not-available' | 'left-out', reason: string): SettingRun {
  return { setting, status, reason, lengths: [], outcomes: [], durationMs: 0 };
}

function describeRun({ status, reason, outcomes, durationMs }: SettingRun): string {
  if (status !== 'measured') return reason;
  return `${outcomes.length} answers in ${(durationMs / 1000).toFixed(0)} s`;
}
