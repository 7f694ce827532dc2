import { describe, expect, test } from 'vitest';
import { EngineError } from '../../../src/util/errors';
import { checkModules, mayBeCut, parsePooling } from '../../../src/config/pooling';

/** As sentence-transformers write it. */
const flags = (...on: string[]) =>
  Object.fromEntries(
    [
      'cls_token',
      'mean_tokens',
      'max_tokens',
      'mean_sqrt_len_tokens',
      'weightedmean_tokens',
      'lasttoken',
    ].map((name) => [`pooling_mode_${name}`, on.includes(name)]),
  );

describe('parsePooling', () => {
  test.each([
    [flags('lasttoken'), 'lasttoken'],
    [{ word_embedding_dimension: 64, ...flags('mean_tokens'), include_prompt: true }, 'mean'],
    [flags('mean_sqrt_len_tokens'), 'mean'],
    [flags('weightedmean_tokens'), 'weightedmean'],
    [flags('cls_token'), 'cls'],
    [flags('max_tokens'), 'max'],
    [{ pooling_mode: 'mean', ...flags() }, 'mean'],
    [{ pooling_mode: ['lasttoken'] }, 'lasttoken'],
    [{ pooling_mode: 'mean_sqrt_len_tokens' }, 'mean'],
    [undefined, undefined],
  ])('%j', (config, pooling) => {
    expect(parsePooling(config)).toBe(pooling);
  });

  test.each([
    [flags('mean_tokens', 'max_tokens')],
    [flags()],
    [{ pooling_mode: 'rank' }],
    [{ pooling_mode: ['cls', 'mean'] }],
    [null],
    ['mean'],
  ])('refuses %j', (config) => {
    expect(() => parsePooling(config)).toThrow(expect.objectContaining({ code: 'unsupported' }) as Error);
  });
});

test('another matrix behind the pooling is refused', () => {
  const modules = (...kinds: string[]) =>
    kinds.map((kind) => ({ type: `sentence_transformers.models.${kind}` }));
  checkModules(undefined);
  checkModules(modules('Transformer', 'Pooling', 'Normalize'));
  expect(() => checkModules(modules('Transformer', 'Pooling', 'Dense'))).toThrow(/models\.Dense/);
});

test('lists in lists beyond what the stack bears are refused where a name is expected', () => {
  const deep: unknown = JSON.parse('['.repeat(1e5) + ']'.repeat(1e5));
  expect(() => parsePooling({ pooling_mode: [deep] })).toThrow(EngineError);
  expect(() => checkModules([{ type: deep }])).toThrow(EngineError);
});

test('vectors are cut where the configuration says so', () => {
  expect(mayBeCut({ is_matryoshka: true }, 7)).toBe(true);
  expect(mayBeCut({ is_matryoshka: true, matryoshka_dimensions: [8] }, 7)).toBe(false);
  expect(mayBeCut({ matryoshka_dimensions: [8] }, 8)).toBe(true);
  expect(mayBeCut({}, 8)).toBe(false);
});
