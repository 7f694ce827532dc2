import { describe, expect, test } from 'vitest';
import { choosePlan, lengthsOf } from '../../../tools/eval/plan';
import { kvOptions, scaledPages, settings, whyNotSparse } from '../../../tools/eval/settings';

const named = (name: string) => settings.find((setting) => setting.name === name)!;

describe('settings', () => {
  test('names are unique and dense is first', () => {
    expect(new Set(settings.map(({ name }) => name)).size).toBe(settings.length);
    expect(settings[0]).toEqual({ name: 'dense', title: 'dense' });
  });

  test('every ablation differs from the paper in what its name says', () => {
    const paper = named('unstable-25').kv!;
    expect(paper).toEqual({
      pagesPerHead: 64,
      rerankInterval: 16,
      unstableShare: 0.25,
      reload: 'overlap',
      selection: 'minmax',
      retrievalHeads: 'selected',
    });
    expect(named('digest').kv).toEqual({ ...paper, selection: 'digest' });
    expect(named('k-32').kv).toEqual({ ...paper, pagesPerHead: 32 });
    expect(named('interval-4').kv).toEqual({ ...paper, rerankInterval: 4 });
    expect(named('pause').kv).toEqual({ ...paper, reload: 'pause' });
    const { followUp, ...others } = named('sparse-follow-up').kv!;
    expect([followUp, others]).toEqual(['sparse', named('retrieval').kv]);
    expect(named('rerank').kv).toEqual({ ...paper, unstableShare: 0 });
    expect(named('no-rerank').kv!.rerankInterval).toBeGreaterThan(10_000);
  });

  test('K shrinks with the context, so that the cache stays sparse', () => {
    expect(scaledPages(64, 16_384)).toBe(64);
    expect(scaledPages(64, 8192)).toBe(64);
    expect(scaledPages(64, 2048)).toBe(16);
    expect(scaledPages(16, 1024)).toBe(4);
    for (const { kv } of settings.filter(({ kv }) => kv)) {
      for (const length of [1024, 2048, 32_000]) {
        expect(scaledPages(kv!.pagesPerHead, length)).toBeLessThanOrEqual(length / 16 / 4);
      }
    }
  });

  test('options for the engine', () => {
    expect(kvOptions(named('dense'), 2048)).toEqual({ unstableShare: 1 });
    expect(kvOptions(named('pause'), 2048)).toMatchObject({ pagesPerHead: 16, reload: 'pause' });
  });
});

describe('whyNotSparse', () => {
  const resident = (residentPages: number) => ({ pages: 1000, residentPages });

  test('an engine that keeps all pages does not follow a sparse setting', () => {
    expect(whyNotSparse(named('rerank'), 16, 128, resident(1000))).toMatch(/kept every page/);
  });

  test('a prompt within K shows nothing', () => {
    expect(whyNotSparse(named('rerank'), 16, 16, resident(1000))).toMatch(/fits into K = 16/);
  });

  test('pages that are not resident are the evidence', () => {
    expect(whyNotSparse(named('rerank'), 16, 128, resident(400))).toBeUndefined();
  });

  test('dense attention needs none', () => {
    expect(whyNotSparse(named('dense'), 0, 128, resident(1000))).toBeUndefined();
  });
});

describe('plan', () => {
  test('every effort begins with dense attention', () => {
    for (const effort of ['quick', 'default', 'full'] as const) {
      expect(choosePlan({ effort }).settings[0]!.name).toBe('dense');
    }
    expect(choosePlan({ effort: 'full' }).settings).toEqual(settings);
    expect(choosePlan({ effort: 'default', settings: ['pause'] }).settings.map(({ name }) => name)).toEqual([
      'dense',
      'pause',
    ]);
  });

  test('the whole grid has no limit of time, the others have', () => {
    expect(choosePlan({ effort: 'full' }).limitMinutes).toBeUndefined();
    expect(choosePlan({ effort: 'default' }).limitMinutes).toBe(15);
    expect(choosePlan({ effort: 'full', limitMinutes: 5 }).limitMinutes).toBe(5);
  });

  test('lengths that the caller gives', () => {
    const { documents } = choosePlan({ effort: 'default', lengths: [4096, 1024], numDocuments: 2 });
    expect(lengthsOf(documents)).toEqual([1024, 4096]);
    expect(documents.filter(({ kind }) => kind === 'register')).toHaveLength(4);
  });

  test('a setting that there is none of', () => {
    expect(() => choosePlan({ effort: 'quick', settings: ['denes'] })).toThrow(/no setting 'denes'/);
  });
});
