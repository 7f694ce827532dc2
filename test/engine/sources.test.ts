/** Where an answer came from: masses of pages as the CPU transformer has them, and Scout's passages of a short document. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EngineCore } from '../../src/engine/engine';
import { parseModelConfig } from '../support/parse-config';
import { ReferenceTransformer } from '../../src/reference/transformer';
import { answer, loadEngine, promptOf, requestOf } from '../support/engine';
import { modelConfigJson, modelTensors, scoutModel, tinyLlamaModel } from '../../tools/tiny-models/models';

const model = tinyLlamaModel();
const config = parseModelConfig(modelConfigJson(model));
const group = config.numHeads / config.numKvHeads;

/** Mean mass of pages over `heads` at the queries that gave `numTokens` tokens after a prompt, on the CPU. */
function expectedMasses(
  ids: readonly number[],
  promptLength: number,
  heads: readonly number[],
): Float32Array {
  const first = promptLength - 1;
  const masses = new Float32Array(Math.ceil(ids.length / 16));
  const weight = 1 / ((ids.length - first) * heads.length * group);
  const storage = { weights: 'f32', kv: 'f16' } as const;
  const sequence = new ReferenceTransformer(config, modelTensors(model), storage).start(
    (at, weights, from) => {
      const { layer, head, position } = at;
      if (position < first || !heads.includes(layer * config.numKvHeads + Math.floor(head / group))) return;
      weights.forEach((share, i) => (masses[Math.floor((from + i) / 16)]! += weight * share));
    },
  );
  sequence.extendToLast(ids);
  return masses;
}

const all = { firstCounted: 0, endCounted: 0xffffffff };
const fixed = { contextTokens: 512, numSequences: 2 } as const;

describe('stable and unstable heads, a budget of all pages', () => {
  let engine: EngineCore;
  beforeAll(async () => {
    const kv = { ...fixed, pagesPerHead: 31, unstableShare: 0.5 };
    engine = await loadEngine(model, { weights: 'f32', kv });
  });
  afterAll(() => engine.dispose());

  // Prompts that end within a page, with it, and behind it; in one tile and in two.
  test.each([
    [17, [0], false],
    [32, [1, 2, 5], true],
    [300, [0, 1, 2, 3, 4, 5], false],
  ])('a prompt of %i tokens, heads %j: masses are those of the CPU', async (length, heads, isExact) => {
    const prompt = promptOf(length, 3);
    const options = { maxTokens: 6, ignoreEos: true, isExact };
    const plain = await answer(engine, requestOf(prompt, options));
    const asked = requestOf(prompt, { ...options, sources: { numPassages: 3, masses: { heads, ...all } } });
    const [measured, beside] = await Promise.all([
      answer(engine, asked),
      answer(engine, requestOf(promptOf(90, 4), options)),
    ]);
    expect(measured.tokenIds).toEqual(plain.tokenIds);
    expect([plain.end.sources, beside.end.sources]).toEqual([undefined, undefined]);
    const { pageMasses, isCalibrated } = measured.end.sources!;
    expect(isCalibrated).toBe(false);
    const wanted = expectedMasses([...prompt, ...measured.tokenIds.slice(0, -1)], length, heads);
    expect(pageMasses.length).toBe(wanted.length);
    pageMasses.forEach((mass, page) => expect(Math.abs(mass - wanted[page]!)).toBeLessThan(2e-4));
    expect(pageMasses.reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(1, 5);
  });
});

test('few pages of many: what is attended sums to 1, with reranks on the way, in 8 bits', async () => {
  const kv = { ...fixed, format: 'int8', pagesPerHead: 4, unstableShare: 0.5, rerankInterval: 8 } as const;
  const engine = await loadEngine(model, { kv });
  const options = { maxTokens: 24, ignoreEos: true };
  const plain = await answer(engine, requestOf(promptOf(300, 3), options));
  const masses = { heads: [0, 1, 4, 5], ...all };
  const asked = requestOf(promptOf(300, 3), { ...options, sources: { numPassages: 3, masses } });
  const { tokenIds, end } = await answer(engine, asked);
  expect(tokenIds).toEqual(plain.tokenIds);
  const { pageMasses, passages } = end.sources!;
  expect(pageMasses.reduce((sum, mass) => sum + mass, 0)).toBeCloseTo(1, 5);
  expect(passages.length).toBeGreaterThan(0);
  expect(passages.every(({ endToken }) => endToken <= 300)).toBe(true);
  await engine.dispose();
});

/** In the words that Scout was trained on. */
const people = [
  'Clara Ashford works in Room B12. Clara Ashford was born in Saltmere. She plays the cello.',
  'The harbour of Saltmere is small, and the boats come home before the evening. In the morning the fish is sold.',
  'Magnus Oakley comes from Winterport. Magnus Oakley was given the access code KX-4471. He answers on extension 5180.',
  'Every spring the river rises, and the children count the bridges that are still dry. Nobody has ever counted seven.',
  'Emil Hartwell works as a clockmaker. Emil Hartwell comes from Foxbeck. He has a brown dog.',
  'On market days the square is full before sunrise, and the baker sells his bread from a cart with one wheel.',
];

test('Scout says from which passage of a short document it has the fact', async () => {
  const scout = scoutModel();
  const engine = await loadEngine(scout, { kv: { contextTokens: 1024, numSequences: 1 } });
  const text = people.join('\n\n');
  for (const [question, fact] of [
    ['Where does Clara Ashford work?', 'Room B12'],
    ['What is the access code of Magnus Oakley?', 'KX-4471'],
    ['Where does Emil Hartwell come from?', 'Foxbeck'],
  ] as const) {
    const messages = [{ role: 'user' as const, content: question }];
    const prompt = { kind: 'chat' as const, messages, document: { text } };
    const { text: answered, end } = await answer(engine, requestOf(prompt, { sources: { numPassages: 3 } }));
    expect(answered).toContain(fact);
    const { isCalibrated, passages } = end.sources!;
    expect(isCalibrated).toBe(true);
    const [first] = passages;
    expect(first!.text).toBe(text.slice(first!.startChar, first!.endChar));
    // A page may end within the fact.
    const at = text.indexOf(fact);
    expect(first!.startChar).toBeLessThan(at + fact.length);
    expect(first!.endChar).toBeGreaterThan(at);
    expect(first!.mass).toBeGreaterThan(0.3);
  }
  await engine.dispose();
});
