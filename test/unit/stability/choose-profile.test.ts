import 'fake-indexeddb/auto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openDB } from 'idb';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import {
  chooseProfile,
  profileFileName,
  profileIndexName,
  profileNameOf,
  type ProfileChoice,
} from '../../../src/stability/choose-profile';
import { enoughChunks } from '../../../src/stability/enough-measured';
import { storeProfile } from '../../../src/stability/profile-store';
import { fingerprintModel } from '../../../src/weights/model-fingerprint';
import { urlSource } from '../../../src/source/url-source';
import type { HeadProfile } from '../../../src/stability/head-profile';
import { makeHeadProfile } from '../../../src/stability/make-head-profile';
import { listProfiles } from '../../../tools/profile/list-profiles';
import { serve } from '../../../tools/serve/static-server.mjs';
import { folderSource } from '../../../tools/tiny-models/folder-source';
import { tinyLlamaModel } from '../../../tools/tiny-models/models';

const config = { numLayers: 3, numKvHeads: 2 };

async function profileOf(modelId?: string, numChunks = 1): Promise<HeadProfile> {
  return makeHeadProfile({
    ...config,
    modelId: modelId ?? (await fingerprintModel(folderSource(tinyLlamaModel()))),
    pagesPerHead: 4,
    window: 16,
    measuredOn: 'a test',
    stability: Array.from({ length: numChunks }, () => [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]),
    overlapByOffset: [0.5, null],
  });
}

/** The choice for a model with that profile in its folder, and the warnings. */
async function choose(content: string | undefined, given?: HeadProfile, more?: Partial<ProfileChoice>) {
  const model = tinyLlamaModel();
  if (content !== undefined) model.files.set(profileFileName, new TextEncoder().encode(content));
  const warnings: string[] = [];
  const choice = await chooseProfile({
    source: folderSource(model),
    config,
    given,
    profiles: undefined,
    usesMeasured: true,
    onWarning: (message) => warnings.push(message),
    signal: undefined,
    ...more,
  });
  return { ...choice, warnings };
}

describe('the profile in use', () => {
  test('is the one that lies with the model', async () => {
    const profile = await profileOf();
    expect(await choose(JSON.stringify(profile))).toMatchObject({ profile, origin: 'folder', warnings: [] });
  });

  test('is the given one before that', async () => {
    const profile = await profileOf();
    expect(await choose('no JSON', profile)).toMatchObject({ profile, origin: 'given', warnings: [] });
  });

  test('is none where there is none', async () => {
    expect(await choose(undefined)).toMatchObject({ profile: undefined, origin: 'equal', warnings: [] });
  });

  test('is refused when it was given for another model', async () => {
    await expect(choose(undefined, await profileOf('sha256:0'))).rejects.toMatchObject({
      code: 'model-unsupported',
      message: expect.stringContaining('another model') as string,
    });
  });

  test.each(['{', '{}', 'other'])('is left alone with one warning when it does not fit: %s', async (text) => {
    const content = text === 'other' ? JSON.stringify(await profileOf('sha256:0')) : text;
    const { profile, origin, warnings } = await choose(content);
    expect([profile, origin, warnings.length]).toEqual([undefined, 'equal', 1]);
    expect(warnings[0]).toContain(profileFileName);
  });
});

describe('on a server', () => {
  let folder: string;
  let server: Awaited<ReturnType<typeof serve>>;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'longpage-profiles-'));
    const model = join(import.meta.dirname, '../../fixtures/models/tiny-llama');
    server = await serve({
      mounts: [
        { prefix: '/profiles/', folder },
        { prefix: '/a/', folder: model },
        { prefix: '/other/name/', folder: model },
      ],
    });
  });
  afterAll(async () => {
    await server.close();
    rmSync(folder, { recursive: true });
  });
  const at = (path: string) =>
    choose(undefined, undefined, {
      source: urlSource(`${server.origin}${path}`),
      profiles: `${server.origin}/profiles`,
    });

  test('a profile is found by the weights it was measured on, wherever these lie', async () => {
    // A folder without a list, and one that lists nothing.
    expect(await at('/a/')).toMatchObject({ origin: 'equal', warnings: [] });
    listProfiles(folder);
    expect(await at('/a/')).toMatchObject({ origin: 'equal', warnings: [] });
    const profile = await profileOf();
    writeFileSync(join(folder, profileNameOf(profile.modelId)), JSON.stringify(profile));
    expect(await at('/a/')).toMatchObject({ origin: 'equal', warnings: [] });
    listProfiles(folder);
    expect(await at('/a/')).toMatchObject({ profile, origin: 'profiles', warnings: [] });
    expect(await at('/other/name')).toMatchObject({ profile, origin: 'profiles', warnings: [] });
    // It comes before the one in the folder.
    const both = await choose('{', undefined, { profiles: `${server.origin}/profiles/` });
    expect(both).toMatchObject({ profile, origin: 'profiles', warnings: [] });
  });

  test('a damaged one is left alone with one warning', async () => {
    writeFileSync(join(folder, profileNameOf((await profileOf()).modelId)), '{');
    const { origin, warnings } = await at('/a/');
    expect([origin, warnings.length]).toEqual(['equal', 1]);
    expect(warnings[0]).toContain('/profiles');
  });

  test('a list that is none is left alone with one warning', async () => {
    writeFileSync(join(folder, profileIndexName), '{}');
    const { origin, warnings } = await at('/a/');
    expect([origin, warnings.length]).toEqual(['equal', 1]);
    expect(warnings[0]).toContain(profileIndexName);
  });

  test('a server that refuses is a warning, and the load goes on', async () => {
    const refusing = createServer((_, response) => response.writeHead(403).end());
    await new Promise<void>((done) => refusing.listen(0, '127.0.0.1', done));
    const { port } = refusing.address() as AddressInfo;
    const choice = await choose(undefined, undefined, { profiles: `http://127.0.0.1:${port}/` });
    refusing.close();
    const { origin, warnings } = choice;
    expect([origin, warnings.length]).toEqual(['equal', 1]);
  });
});

describe('what earlier loads measured', () => {
  /** In the place of this model's profile, whatever it says of itself. */
  const keep = async (value: unknown) => {
    const database = await openDB('longpage-profiles', 2);
    await database.put('profiles', value, (await profileOf()).modelId);
    database.close();
  };
  beforeEach(async () => {
    await storeProfile(await profileOf());
    await keep(undefined);
  });

  test('is gone by where nothing else is found, and there is enough of it', async () => {
    const profile = await profileOf(undefined, enoughChunks);
    await storeProfile(profile);
    expect(await choose(undefined)).toEqual({ profile, origin: 'measured', measured: profile, warnings: [] });
    const found = await profileOf();
    expect(await choose(JSON.stringify(found))).toMatchObject({ profile: found, origin: 'folder' });
  });

  test('is found at another address, and not by another model at the same one', async () => {
    const profile = await profileOf(undefined, enoughChunks);
    await storeProfile(profile);
    const model = tinyLlamaModel();
    const elsewhere = folderSource({ ...model, name: 'elsewhere' });
    expect(await choose(undefined, undefined, { source: elsewhere })).toMatchObject({ measured: profile });
    model.files.set('config.json', new TextEncoder().encode('{}'));
    const replaced = await choose(undefined, undefined, { source: folderSource(model) });
    expect(replaced).toMatchObject({ origin: 'equal', measured: undefined, warnings: [] });
  });

  test('is gone on from where it is not enough', async () => {
    const measured = await profileOf(undefined, enoughChunks - 1);
    await storeProfile(measured);
    expect(await choose(undefined)).toEqual({ profile: undefined, origin: 'equal', measured, warnings: [] });
  });

  test('does not count where nothing is to be measured', async () => {
    await storeProfile(await profileOf(undefined, enoughChunks));
    const choice = await choose(undefined, undefined, { usesMeasured: false });
    expect(choice).toMatchObject({ origin: 'equal', measured: undefined });
  });

  test.each([
    ['damaged', { version: 1 }],
    ['of another model', { modelId: 'sha256:0' }],
  ])('is left alone with one warning when it is %s', async (kind, change) => {
    const profile = await profileOf(undefined, enoughChunks);
    await keep(kind === 'damaged' ? change : { ...profile, ...change });
    const { origin, measured, warnings } = await choose(undefined);
    expect([origin, measured, warnings.length]).toEqual(['equal', undefined, 1]);
    expect(warnings[0]).toContain('The stored head profile is not used.');
  });
});

test('a fingerprint follows the weights and the configuration', async () => {
  const print = async (change: (files: Map<string, Uint8Array>) => void) => {
    const model = tinyLlamaModel();
    change(model.files);
    return fingerprintModel(folderSource(model));
  };
  const plain = await print(() => undefined);
  expect(plain).toMatch(/^sha256:[0-9a-f]{32}$/);
  expect(await print(() => undefined)).toBe(plain);
  const other = await print((files) => {
    const weights = files.get('model.safetensors')!.slice();
    weights[100_000 % weights.length]! ^= 1;
    files.set('model.safetensors', weights);
  });
  expect(other).not.toBe(plain);
  expect(await print((files) => files.set('config.json', new TextEncoder().encode('{}')))).not.toBe(plain);
});
