import { describe, expect, test } from 'vitest';
import { evaluate, type EvalEngine, type EvalRequest } from '../../../tools/eval/evaluate';
import { choosePlan } from '../../../tools/eval/plan';
import { buildReport, describeReport, findGroup } from '../../../tools/eval/report';
import { drawChart } from '../../../tools/eval/chart';
import type { EvalDocument } from '../../../tools/eval/task';

const fact = (place: string) => ({
  task: 'one-fact' as const,
  question: `Where is ${place}?`,
  answer: place,
});
const document: EvalDocument = {
  id: 'register-1024-0',
  kind: 'register',
  lengthTokens: 1024,
  text: 'word '.repeat(900),
  conversations: [[fact('Coldmere')], [fact('Ravenmouth'), { ...fact('Iceness'), task: 'follow-up' }]],
};
const countTokens = (text: string) => text.split(' ').length;

/** An engine that answers by rule: the harness is under test here, not attention. */
function scripted(
  isSparse: boolean,
  answerOf: (request: EvalRequest) => string,
  asked: EvalRequest[] = [],
): EvalEngine {
  return {
    answer: async (request) => {
      asked.push(request);
      return { text: answerOf(request), numPromptTokens: 950, numCachedTokens: 0, numTokens: 3 };
    },
    stats: async () => ({
      adapter: 'scripted',
      kv: { pages: 100, residentPages: isSparse ? 30 : 100, reranks: 2, promotions: 5, stalls: 0 },
      refusedVariants: [],
    }),
    dispose: async () => undefined,
  };
}

const placeAsked = ({ messages }: EvalRequest) => messages.at(-1)!.content.slice('Where is '.length, -1);

function run(
  open: (kv: Readonly<Record<string, unknown>>) => Promise<EvalEngine>,
  names = ['rerank', 'pause'],
) {
  const plan = choosePlan({ effort: 'quick', settings: names });
  const rest = { countTokens, numParallel: 1, gpuBytes: undefined, onProgress: () => undefined };
  return evaluate({ documents: [document], plan, open, ...rest });
}

const description = {
  startedAt: '2026-01-01T00:00:00.000Z',
  model: 'scout',
  runner: 'Node',
  adapter: 'scripted',
  refusedVariants: [],
  split: 'familiar',
  seed: 1,
  haystack: 'generated haystack',
  documents: [{ id: document.id, numTokens: 900, numQuestions: 2 }],
  notes: [],
};

describe('evaluate', () => {
  test('scores every setting, and gives turns before the last with their right answers', async () => {
    const asked: EvalRequest[] = [];
    const { runs } = await run(async (kv) =>
      scripted(
        true,
        (request) =>
          kv['reload'] === 'pause' && request.messages.length > 1 ? 'wrong' : placeAsked(request),
        asked,
      ),
    );
    expect(runs.map(({ setting, status }) => [setting.name, status])).toEqual([
      ['dense', 'measured'],
      ['rerank', 'measured'],
      ['pause', 'measured'],
    ]);
    expect(runs[2]!.outcomes.map(({ task, score }) => [task, score])).toEqual([
      ['one-fact', 1],
      ['follow-up', 0],
    ]);
    expect(asked[1]!.messages.map(({ content }) => content)).toEqual([
      'Where is Ravenmouth?',
      'Ravenmouth',
      'Where is Iceness?',
    ]);
    expect(asked.map(({ isExact }) => isExact)).toEqual([true, true, false, false, false, false]);
  });

  test('K and the context go to the engine', async () => {
    const opened: Readonly<Record<string, unknown>>[] = [];
    await run(async (kv) => {
      opened.push(kv);
      return scripted(true, placeAsked);
    });
    expect(opened[0]).not.toHaveProperty('pagesPerHead');
    expect(opened[1]).toMatchObject({
      pagesPerHead: 8,
      unstableShare: 0,
      rerankInterval: 16,
      numSequences: 1,
    });
    expect(opened[1]!['contextTokens']).toBeGreaterThan(900);
    expect((opened[1]!['contextTokens'] as number) % 16).toBe(0);
  });

  test('an option that the engine does not know makes a setting not available, with the reason', async () => {
    const { runs } = await run(async (kv) => {
      if (kv['reload'] === 'pause') throw new TypeError('options.kv.reload is not an option.');
      return scripted(true, placeAsked);
    });
    expect(runs[2]).toMatchObject({ status: 'not-available', outcomes: [] });
    expect(runs[2]!.reason).toMatch(/options\.kv\.reload is not an option\. \(TypeError\)/);
  });

  test('an engine that takes a setting and stays dense is found out', async () => {
    const { runs } = await run(async () => scripted(false, placeAsked));
    expect(runs.map(({ status }) => status)).toEqual(['measured', 'not-available', 'not-available']);
    expect(runs[1]!.reason).toMatch(/kept every page/);
  });

  test('without dense attention there is nothing to compare', async () => {
    await expect(run(() => Promise.reject(new Error('no GPU')))).rejects.toThrow('no GPU');
  });
});

describe('report', () => {
  const reportOf = async () => {
    const { runs } = await run(
      async (kv) => {
        if (kv['reload'] === 'pause') throw new TypeError('options.kv.reload is not an option.');
        const isDense = kv['reload'] === undefined;
        return scripted(true, (request) =>
          isDense || request.messages.length === 1 ? placeAsked(request) : 'x',
        );
      },
      ['pause'],
    );
    const { runs: second } = await run(
      async (kv) => scripted(true, (r) => (kv['reload'] && r.messages.length > 1 ? 'x' : placeAsked(r))),
      ['rerank'],
    );
    return buildReport(description, [...second, ...runs.slice(1)]);
  };

  test('ratios are to dense attention, question by question', async () => {
    const report = await reportOf();
    const [dense, rerank, pause] = report.settings;
    expect(findGroup(dense!, 'all')).toMatchObject({ score: 1, ratio: 1, interval: [1, 1], exactShare: 1 });
    expect(findGroup(rerank!, 'all')).toMatchObject({ score: 0.5, ratio: 0.5 });
    expect(findGroup(rerank!, 'follow-up')).toMatchObject({ score: 0, ratio: 0 });
    expect(pause!.groups).toEqual([]);
  });

  test('tables and chart name what was not measured', async () => {
    const report = await reportOf();
    const text = describeReport(report);
    expect(text).toMatch(/rerank only +8 +50\.0/);
    expect(text).toMatch(/pause: not available in this build/);
    const chart = drawChart(report);
    expect(chart).toContain('pause (not available)');
    expect(chart.match(/<circle/g)).toHaveLength(1);
    expect(chart).not.toMatch(/NaN|undefined/);
  });
});
