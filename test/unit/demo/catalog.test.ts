import { describe, expect, test } from 'vitest';
import { idOfChoice, parseLastModel } from '../../../demo/models';
import { catalog } from '../../../demo/models/catalog';
import type { HubModel } from '../../../src/source/hub/hub';
import type { ListedModel } from '../../../demo/models/model-list';
import type { StoredModel } from '../../../src/source/hub/model-store';

const commit = 'a'.repeat(40);
const site: ListedModel = {
  name: 'Scout',
  description: 'Reads.',
  source: 'models/scout/',
  downloadBytes: 10,
  weightBytes: 100,
  contextTokens: 512,
  kvGpuBytes: 1000,
};
const { source: _, ...numbers } = site;
const listed: ListedModel = { ...numbers, name: 'Small', reference: `owner/small@${commit}` };
const smallId = `owner--small@${commit}`;
const model = (repository: string): HubModel => ({
  repository,
  revision: 'main',
  commit,
  files: [],
  totalBytes: 50,
  weightBytes: 40,
});
const stored = (repository: string, storedBytes: number): StoredModel => ({
  ...model(repository),
  id: `${repository.replace('/', '--')}@${commit}`,
  storedAt: 0,
  storedBytes,
  isComplete: storedBytes === 50,
});
const nothing = { listed: [site, listed], stored: [], found: [], downloads: new Map() };

describe('catalog', () => {
  test('the list comes first; a model of the site is here, one of the hub is not', () => {
    expect(catalog(nothing)).toMatchObject([
      { id: 'models/scout/', availability: 'here', gpuBytes: 1100, choice: { source: 'models/scout/' } },
      {
        id: smallId,
        reference: `owner/small@${commit}`,
        availability: 'absent',
        downloadBytes: 10,
        loadedBytes: 0,
        gpuBytes: 1100,
        choice: { name: 'Small', source: { storedId: smallId }, minGpuBytes: 1000 },
      },
    ]);
  });

  test.each([
    [50, 'here'],
    [20, 'partial'],
  ])('of 50 bytes %i are stored: %s', (storedBytes, availability) => {
    const [, small] = catalog({ ...nothing, stored: [stored('owner/small', storedBytes)] });
    expect(small).toMatchObject({ availability, loadedBytes: storedBytes, downloadBytes: 50 });
  });

  test('a download says how far it is, whatever is stored', () => {
    const downloads = new Map([
      [smallId, { phase: 'downloading', loadedBytes: 30, totalBytes: 50 } as const],
    ]);
    const [, small] = catalog({ ...nothing, stored: [stored('owner/small', 20)], downloads });
    expect(small).toMatchObject({ availability: 'downloading', loadedBytes: 30 });
  });

  test('a model that is listed at a branch is here under the commit that the branch was', () => {
    const branch = { ...listed, reference: 'owner/small:Q4_K_M' };
    const q4 = { ...stored('owner/small', 50), id: 'q4 at a commit', quantization: 'Q4_K_M' };
    const others = [stored('owner/small', 50), { ...q4, id: 'another revision', revision: 'next' }];
    const named = { id: 'owner--small.Q4_K_M@main', reference: 'owner/small:Q4_K_M@main' };
    expect(catalog({ ...nothing, listed: [branch], stored: others })[0]).toMatchObject({
      ...named,
      availability: 'absent',
    });
    expect(catalog({ ...nothing, listed: [branch], stored: [...others, q4] })[0]).toMatchObject({
      id: 'q4 at a commit',
      availability: 'here',
      choice: { source: { storedId: 'q4 at a commit' } },
    });
  });

  test('what was looked up and what else is stored follow, each once', () => {
    const entries = catalog({
      ...nothing,
      found: [model('owner/new'), model('owner/small')],
      stored: [stored('owner/old', 50), stored('owner/new', 50)],
    });
    expect(entries.map(({ name }) => name)).toEqual(['Scout', 'Small', 'owner/new', 'owner/old']);
    expect(entries[2]).toMatchObject({
      description: 'At commit aaaaaaa.',
      availability: 'here',
      gpuBytes: 40 + 256 * 2 ** 20,
      choice: { minGpuBytes: 256 * 2 ** 20 },
    });
  });
});

test('the model of the last visit is loaded again, unless what was kept makes no sense', () => {
  const kept = { name: 'Small', storedId: smallId, minGpuBytes: 1000 };
  expect(parseLastModel(JSON.stringify(kept))).toEqual({
    name: 'Small',
    source: { storedId: smallId },
    minGpuBytes: 1000,
  });
  expect(idOfChoice(parseLastModel(JSON.stringify(kept)))).toBe(smallId);
  for (const json of [null, 'null', '[', '1', '{"name":"x"}', '{"storedId":"x"}']) {
    expect(idOfChoice(parseLastModel(json))).toBe('models/scout/');
  }
});
