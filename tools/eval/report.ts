/** What the bench found, as data for a file and as tables for the screen. Pure but for the file. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { formatTable, type Column } from '../util/table';
import { drawChart } from './chart';
import type { LengthRun, Outcome, SettingRun } from './evaluate';
import { compare, type Comparison, type ScorePair } from './statistics';
import { tasks, type Task } from './task';

/** Answers longer than this many tokens are summed up by themselves: there a stale selection shows. */
const longAnswerTokens = 64;

/** How the run was made. */
interface RunDescription {
  readonly startedAt: string;
  readonly model: string;
  readonly runner: string;
  readonly adapter: string;
  readonly refusedVariants: readonly string[];
  readonly split: string;
  readonly seed: number;
  /** Where haystacks come from. */
  readonly haystack: string;
  readonly documents: readonly {
    readonly id: string;
    readonly numTokens: number;
    readonly numQuestions: number;
  }[];
  readonly notes: readonly string[];
}

/** A group of questions under one setting. */
interface GroupResult extends Comparison {
  /** `all`, `long answers`, a length, or a task. */
  readonly group: string;
  /** Share of answers that are the expected ones, character by character. */
  readonly exactShare: number;
}

/** One setting's results. */
interface SettingResult {
  readonly name: string;
  readonly title: string;
  readonly status: SettingRun['status'];
  readonly reason: string;
  readonly durationMs: number;
  readonly lengths: readonly LengthRun[];
  /** Empty unless measured. `all` first, then long answers, lengths and tasks. */
  readonly groups: readonly GroupResult[];
  readonly answers: readonly Outcome[];
}

/** Everything that one run found. */
interface EvalReport extends RunDescription {
  readonly settings: readonly SettingResult[];
}

/** Compares every measured setting with the first, which is dense attention. */
export function buildReport(description: RunDescription, runs: readonly SettingRun[]): EvalReport {
  const dense = new Map(runs[0]!.outcomes.map(({ question, score }) => [question, score]));
  return { ...description, settings: runs.map((run) => describeSetting(run, dense, description.seed)) };
}

function describeSetting(run: SettingRun, dense: ReadonlyMap<string, number>, seed: number): SettingResult {
  const { setting, status, reason, durationMs, lengths, outcomes } = run;
  const groups = groupsOf(outcomes).map(([group, members]) => {
    const pairs: ScorePair[] = members.map(({ task, score, question }) => ({
      task,
      score,
      dense: dense.get(question)!,
    }));
    const exactShare = members.filter(({ isExact }) => isExact).length / members.length;
    return { group, ...compare(pairs, seed), exactShare };
  });
  return {
    name: setting.name,
    title: setting.title,
    status,
    reason,
    durationMs,
    lengths,
    groups,
    answers: outcomes,
  };
}

function groupsOf(outcomes: readonly Outcome[]): [name: string, members: readonly Outcome[]][] {
  const lengths = [...new Set(outcomes.map(({ lengthTokens }) => lengthTokens))];
  const groups: [string, readonly Outcome[]][] = [
    ['all', outcomes],
    ['long answers', outcomes.filter(({ numExpectedTokens }) => numExpectedTokens > longAnswerTokens)],
    ...lengths.map((length): [string, readonly Outcome[]] => [
      lengthName(length),
      outcomes.filter(({ lengthTokens }) => lengthTokens === length),
    ]),
    ...tasks.map((name): [string, readonly Outcome[]] => [
      name,
      outcomes.filter(({ task }) => task === name),
    ]),
  ];
  return groups.filter(([, members]) => members.length > 0);
}

const lengthName = (lengthTokens: number) => `${lengthTokens} tokens`;

/** The group of that name, or undefined where nothing was asked of it. */
export function findGroup({ groups }: SettingResult, name: string): GroupResult | undefined {
  return groups.find(({ group }) => group === name);
}

/** The files of a report in `folder`: `eval.json` and `eval.svg`. */
export function reportPaths(folder: string): [json: string, chart: string] {
  return [join(folder, 'eval.json'), join(folder, 'eval.svg')];
}

/** Writes a report's files into the folder, which is made where it is missing; returns their paths. */
export function writeReport(folder: string, report: EvalReport): string[] {
  mkdirSync(folder, { recursive: true });
  const paths = reportPaths(folder);
  writeFileSync(paths[0], `${JSON.stringify(report, null, 1)}\n`);
  writeFileSync(paths[1], drawChart(report));
  return paths;
}

/** The tables: settings against dense attention, then scores by task. */
export function describeReport(report: EvalReport): string {
  const { model, adapter, runner, split, haystack, documents, notes } = report;
  const numQuestions = documents.reduce((sum, document) => sum + document.numQuestions, 0);
  const title =
    `${model} on ${adapter}, ${runner}; ${documents.length} documents of ${split} words, ${haystack}; ` +
    `${numQuestions} questions`;
  return [title, describeSettings(report), describeTasks(report), ...notes].join('\n\n');
}

const text = (title: string): Column => ({ title });
const number = (title: string): Column => ({ title, isNumber: true });
const percent = (value: number | null | undefined) => (value == null ? '–' : (100 * value).toFixed(1));

function describeSettings({ settings }: EvalReport): string {
  const columns = [
    text('setting'),
    text('K'),
    number('score'),
    number('÷ dense'),
    text('95 %'),
    number('long answers'),
    text('worst task'),
    number('on the GPU'),
    number('reranks'),
    number('promoted'),
    number('stalls'),
    number('s'),
  ];
  const rows = settings.map((result) => {
    const whole = findGroup(result, 'all');
    if (!whole) return [result.title, result.reason, ...columns.slice(2).map(() => '')];
    const { lengths } = result;
    const last = lengths.at(-1)!.kv;
    const sum = (count: (run: LengthRun) => number) =>
      String(lengths.reduce((total, run) => total + count(run), 0));
    return [
      result.title,
      lengths.map(({ pagesPerHead }) => String(pagesPerHead ?? 'all')).join(' / '),
      percent(whole.score),
      percent(whole.ratio),
      whole.interval ? `${percent(whole.interval[0])} – ${percent(whole.interval[1])}` : '–',
      percent(findGroup(result, 'long answers')?.ratio),
      describeWorst(result),
      `${percent(last.pages === 0 ? null : last.residentPages / last.pages)} %`,
      sum(({ kv }) => kv.reranks),
      sum(({ kv }) => kv.promotions),
      sum(({ kv }) => kv.stalls),
      (result.durationMs / 1000).toFixed(0),
    ];
  });
  // A reason is a sentence: it would make its column too wide for all.
  const measured = rows.filter((_, i) => settings[i]!.status === 'measured');
  const others = settings
    .filter(({ status }) => status !== 'measured')
    .map(({ title, reason }) => `${title}: ${reason}`);
  return [formatTable(columns, measured), ...others].join('\n');
}

function describeWorst(result: SettingResult): string {
  const ratios = tasks.flatMap((task): [Task, number][] => {
    const ratio = findGroup(result, task)?.ratio;
    return ratio == null ? [] : [[task, ratio]];
  });
  const [worst] = ratios.sort((a, b) => a[1] - b[1]);
  return worst ? `${worst[0]} ${percent(worst[1])}` : '–';
}

/** Scores in percent; of dense attention also the share of answers that are right to the character. */
function describeTasks({ settings }: EvalReport): string {
  const [dense, ...others] = settings.filter(({ status }) => status === 'measured');
  if (!dense) return '';
  const columns = [
    text('task'),
    number('n'),
    number('dense'),
    number('exact'),
    ...others.map(({ name }) => number(name)),
  ];
  const rows = dense.groups.map(({ group, numQuestions, score, exactShare }) => [
    group,
    String(numQuestions),
    percent(score),
    percent(exactShare),
    ...others.map((result) => percent(findGroup(result, group)?.score)),
  ]);
  return formatTable(columns, rows);
}
