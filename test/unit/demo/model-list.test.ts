/** The list of models that the page offers says what each needs: this holds it to the engine's own plan. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseModelList } from '../../../demo/models/model-list';
import { listedConfigs, quantized } from '../../support/listed-models';
import { parseReference } from '../../../src/source/hub/hub';
import { planMemory } from '../../../src/runner/memory-plan';
import { parseModelConfig } from '../../support/parse-config';
import { weightBytes } from '../../../src/weights/weight-layout';

const root = join(import.meta.dirname, '../../..');
const read = (path: string): unknown => JSON.parse(readFileSync(join(root, path), 'utf8'));
const { models: list } = parseModelList(read('public/models.json'));

const scout = parseModelConfig(read('public/models/scout/config.json'));

const bindingBytes = 128 * 2 ** 20;

test.each(list.map((entry) => [entry.name, entry] as const))('%s needs what the list says', (name, entry) => {
  const config = listedConfigs[name] ?? scout;
  if (entry.reference === undefined) expect(entry.weightBytes).toBe(weightBytes(config, 'f16', bindingBytes));
  else {
    const { formats, fileBytes } = quantized(config, parseReference(entry.reference).quantization!);
    expect(entry.weightBytes).toBe(weightBytes(config, formats, bindingBytes));
    // The vocabulary comes on top of the tensors.
    expect(entry.downloadBytes / fileBytes).toBeGreaterThan(0.98);
    expect(entry.downloadBytes / fileBytes).toBeLessThan(1.03);
  }
  const plan = planMemory({
    config,
    weightBytes: 0,
    maxBindingBytes: bindingBytes,
    kv: { contextTokens: entry.contextTokens, gpuBytes: entry.kvGpuBytes },
  });
  expect(plan.totalGpuBytes).toBeLessThanOrEqual(entry.kvGpuBytes);
  expect(plan.unstableShare.inForce).toBeGreaterThan(0.12);
  expect(entry.kvGpuBytes / plan.totalGpuBytes).toBeLessThan(2);
});

test('every model of the hub is a quantised file', () => {
  for (const { source, reference, downloadBytes } of list) {
    if (reference === undefined) expect(source).toMatch(/^models\/.*\/$/);
    else expect(parseReference(reference).quantization).toBeDefined();
    expect(downloadBytes).toBeLessThan(2.6e9);
  }
});

test('a list that is none is refused', () => {
  const [model] = list;
  expect(parseModelList({ models: [model] })).toEqual({ hubUrl: 'https://huggingface.co', models: [model] });
  const others: unknown[] = [{ ...model, contextTokens: 'c' }, { ...model, source: undefined }, null];
  others.push(
    ...[-1, 2 ** 52, 0.5, null].map((downloadBytes) => ({ ...model, downloadBytes })),
    ...['https://example.com/m/', '//example.com/m/', '../m/', 7].map((source) => ({ ...model, source })),
    ...['a', 'https://example.com/a/b', null].map((reference) => ({
      ...model,
      source: undefined,
      reference,
    })),
  );
  const lists = [
    null,
    {},
    [model],
    { models: [] },
    { hub: 1, models: [model] },
    { hub: 'ftp://x', models: [model] },
    'x',
    7,
  ];
  for (const value of [...lists, ...others.map((other: unknown) => ({ models: [model, other] }))]) {
    expect(() => parseModelList(value)).toThrow(TypeError);
  }
});
