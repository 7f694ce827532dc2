import { describe, expect, test } from 'vitest';
import { chooseProfile, profileFileName } from '../../../src/engine/choose-profile';
import { fingerprintModel } from '../../../src/model/model-fingerprint';
import { makeHeadProfile, type HeadProfile } from '../../../src/select/head-profile';
import { folderSource } from '../../support/folder-source';
import { tinyLlamaModel } from '../../support/models';

const config = { numLayers: 3, numKvHeads: 2 };

async function profileOf(modelId?: string): Promise<HeadProfile> {
  return makeHeadProfile({
    ...config,
    modelId: modelId ?? (await fingerprintModel(folderSource(tinyLlamaModel()))),
    pagesPerHead: 4,
    window: 16,
    measuredOn: 'a test',
    stability: [[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]],
    overlapByOffset: [0.5, null],
  });
}

/** The choice for a model with that profile in its folder, and the warnings. */
async function choose(content: string | undefined, given?: HeadProfile) {
  const model = tinyLlamaModel();
  if (content !== undefined) model.files.set(profileFileName, new TextEncoder().encode(content));
  const warnings: string[] = [];
  const choice = await chooseProfile({
    source: folderSource(model),
    config,
    given,
    onWarning: (message) => warnings.push(message),
    signal: undefined,
  });
  return { ...choice, warnings };
}

describe('the profile in use', () => {
  test('is the one that lies with the model', async () => {
    const profile = await profileOf();
    expect(await choose(JSON.stringify(profile))).toEqual({ profile, origin: 'folder', warnings: [] });
  });

  test('is the given one before that', async () => {
    const profile = await profileOf();
    expect(await choose('no JSON', profile)).toEqual({ profile, origin: 'given', warnings: [] });
  });

  test('is none where there is none', async () => {
    expect(await choose(undefined)).toEqual({ profile: undefined, origin: 'equal', warnings: [] });
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
