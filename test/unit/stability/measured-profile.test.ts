import 'fake-indexeddb/auto';
import { openDB } from 'idb';
import { describe, expect, test } from 'vitest';
import { enoughChunks, isDue } from '../../../src/stability/enough-measured';
import { MeasuredProfile } from '../../../src/stability/measured-profile';
import { readStoredProfile } from '../../../src/stability/profile-store';
import type { HeadProfile } from '../../../src/stability/head-profile';
import { makeHeadProfile } from '../../../src/stability/make-head-profile';

const profileOf = (numChunks: number, modelId = 'sha256:0'): HeadProfile =>
  makeHeadProfile({
    modelId,
    numLayers: 1,
    numKvHeads: 2,
    pagesPerHead: 4,
    window: 16,
    measuredOn: 'a test',
    stability: Array.from({ length: numChunks }, () => [0.5, 0.25]),
    overlapByOffset: [0.5],
  });

const warnings: string[] = [];
const stored = (fingerprint: string) => readStoredProfile(() => Promise.resolve(fingerprint));
const measured = (earlier?: HeadProfile, isInForce = false) =>
  new MeasuredProfile(earlier, isInForce, (message) => warnings.push(message));

test.each([
  [15, 0, false],
  [16, 0, true],
  [63, 16, false],
  [64, 16, true],
  [100, 64, false],
])('%i chunks with %i in force: due is %s', (numChunks, numInForce, due) => {
  expect(isDue(numChunks, numInForce)).toBe(due);
});

test('what the first version kept by address is gone, and costs no fingerprint', async () => {
  const old = await openDB('longpage-profiles', 1, {
    upgrade: (db) => void db.createObjectStore('profiles'),
  });
  await old.put('profiles', profileOf(16), 'https://models.test/a/');
  old.close();
  const unasked = () => Promise.reject(new Error('asked for'));
  expect(await readStoredProfile(unasked)).toBeUndefined();
});

describe('what is measured', () => {
  test('is stored as it grows, and due once there is enough', async () => {
    const subject = measured();
    subject.keep(profileOf(3));
    expect([subject.hasNews(3), subject.hasNews(4), subject.due]).toEqual([false, true, undefined]);
    subject.keep(profileOf(enoughChunks));
    expect(subject.due).toEqual(profileOf(enoughChunks));
    subject.apply();
    expect(subject.due).toBeUndefined();
    await subject.stored();
    expect(await stored('sha256:0')).toEqual(profileOf(enoughChunks));
    expect(await stored('sha256:1')).toBeUndefined();
  });

  test('takes the place of what earlier loads measured once it is more', async () => {
    const subject = measured(profileOf(10));
    expect([subject.hasNews(10), subject.hasNews(11), subject.due]).toEqual([false, true, undefined]);
    subject.keep(profileOf(16, 'sha256:2'));
    expect(subject.due).toEqual(profileOf(16, 'sha256:2'));
    await subject.stored();
    expect(await stored('sha256:2')).toEqual(profileOf(16, 'sha256:2'));
    expect(measured(profileOf(16), true).due).toBeUndefined();
  });

  test('and declined is due again with much more; the engine does not go by it', () => {
    const subject = measured();
    subject.keep(profileOf(enoughChunks));
    subject.decline();
    expect([subject.due, subject.isInForce]).toEqual([undefined, false]);
    subject.keep(profileOf(4 * enoughChunks));
    expect(subject.due).toEqual(profileOf(4 * enoughChunks));
    subject.apply();
    expect([subject.due, subject.isInForce]).toEqual([undefined, true]);
  });

  test('that cannot be stored is a warning, and still of use', async () => {
    const subject = measured();
    subject.keep({ ...profileOf(enoughChunks), measuredOn: (() => 'no data') as unknown as string });
    await subject.stored();
    expect(warnings.length).toBe(1);
    expect(warnings[0]).toMatch(/^The head profile is not stored\. .*DataCloneError/);
    expect(subject.due).toBeDefined();
  });
});
