import { expect, test } from 'vitest';
import { ConversationStoreError } from '../../../demo/conversation-store-error';
import { describeError } from '../../../demo/error-text';
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatRate,
  formatShare,
  plainSentence,
} from '../../../demo/format';
import { ImportError, ImportFailures } from '../../../demo/import/import-error';
import { EngineError } from '../../../src/util/errors';

test.each([
  [0, '0 B'],
  [999, '999 B'],
  [1000, '1.0 kB'],
  [1550, '1.6 kB'],
  [83_886_080, '84 MB'],
  [999_600, '1.0 MB'],
  [12_345_678_901, '12 GB'],
  [5e12, '5000 GB'],
])('formatBytes(%d) is %s', (sizeBytes, text) => {
  expect(formatBytes(sizeBytes)).toBe(text);
});

test('rates show a digit after the point only when slow', () => {
  expect([formatRate(3.11), formatRate(25.4)]).toEqual(['3.1 tokens/s', '25 tokens/s']);
});

test('counts have their thousands apart and agree with their noun', () => {
  expect([formatCount(1, 'token'), formatCount(12_480, 'token')]).toEqual(['1 token', '12,480 tokens']);
});

test.each([
  [0, '0 ms'],
  [994, '994 ms'],
  [995, '1.0 s'],
  [2_440, '2.4 s'],
  [49_600, '50 s'],
  [89_600, '1 min'],
  [180_000, '3 min'],
  [3_600_000, '1 h'],
  [7_500_000, '2 h 5 min'],
])('formatDuration(%d) is %s', (durationMs, text) => {
  expect(formatDuration(durationMs)).toBe(text);
});

test('a share is never rounded to nothing or to all', () => {
  expect([0, 0.001, 0.626, 0.999, 1].map(formatShare)).toEqual([
    '0 %',
    'under 1 %',
    '63 %',
    'over 99 %',
    '100 %',
  ]);
});

test('an error of the engine comes with its own sentence and next steps', () => {
  const text = describeError(new EngineError('webgpu-unavailable', 'No GPU adapter answered.'));
  expect(text).toMatchObject({
    title: 'WebGPU is not available',
    detail: 'No GPU adapter answered.',
    canRetry: true,
  });
  expect(text.steps.join(' ')).toContain('chrome://flags/#enable-unsafe-webgpu');
});

test('a lost GPU may have been too little memory: a smaller limit is offered, and no word of the browser’s own', () => {
  const lost = new EngineError(
    'device-lost',
    'The GPU device was lost (unknown): A valid external Instance.',
  );
  expect(describeError(lost)).toMatchObject({ title: 'The GPU was lost', detail: '', otherLimit: 'smaller' });
  const gone = new EngineError(
    'device-lost',
    'The GPU device was lost and could not be had again: No. Reload.',
  );
  expect(describeError(gone).detail).toBe(gone.message);
});

test('any other error is shown as it is', () => {
  expect(describeError(new Error('Odd.'))).toMatchObject({ title: 'Something went wrong', detail: 'Odd.' });
  expect(describeError('just text').detail).toBe('just text');
});

test('documents are called by their titles, and bytes are in units', () => {
  const error = new EngineError('document-busy', "'a1b2' is in use, here or in another tab; end that first.");
  const documents = [{ id: 'a1b2', title: 'Moby Dick' }];
  expect(describeError(error, documents).detail).toBe(
    '“Moby Dick” is in use, here or in another tab; end that first.',
  );
  const full = new EngineError('storage-quota', 'Pages need 139792 bytes beside the 140127 there.');
  expect(describeError(full).detail).toBe('Pages need 140 kB beside the 140 kB there.');
});

test('of several documents each that failed is named, with its reason and what to do', () => {
  const noText = new ImportError('no-text', 'There is no text in it.', 'Choose another.');
  const full = new EngineError('storage-quota', 'It needs 2000000 bytes.');
  const failures = [
    { name: `${'n'.repeat(400)}.pdf`, error: noText },
    { name: 'b.longpage', error: full },
  ];
  expect(describeError(new ImportFailures(failures, 3))).toMatchObject({
    title: '2 of 3 documents could not be taken in',
    detail: '',
    steps: [
      `“${'n'.repeat(30)}…${'n'.repeat(25)}.pdf”: There is no text in it. Choose another.`,
      expect.stringMatching(/^“b\.longpage”: It needs 2\.0 MB\. Delete documents/),
    ],
  });
  expect(describeError(new ImportFailures(failures, 2)).title).toBe(
    'None of the 2 documents could be taken in',
  );
});

test('conversations that are not kept are no fault of the question', () => {
  const isFull = new ConversationStoreError(new DOMException('No.', 'QuotaExceededError'));
  expect(describeError(isFull)).toMatchObject({ title: 'This conversation is not kept', canRetry: false });
  expect(describeError(isFull).steps.join()).toContain('Delete documents or models');
  expect(describeError(new ConversationStoreError(new Error('No.'))).steps.join()).toContain('private');
});

test('a limit that the person set is not called too little memory, and a larger one is offered', () => {
  const beyond = new EngineError('gpu-memory', 'A context needs 90000000 bytes; kv.gpuBytes is 16777216.');
  expect(describeError(beyond)).toMatchObject({
    title: 'The GPU memory limit is too small',
    detail: 'A context needs 90 MB; the GPU memory limit is 17 MB.',
    otherLimit: 'larger',
  });
  const full = new EngineError('gpu-memory', 'The GPU has no room for weights.');
  expect(describeError(full)).toMatchObject({
    title: 'The GPU has too little memory',
    otherLimit: 'smaller',
  });
});

test.each([
  ['It uses 5153378 of 10742571618 bytes.', 'It uses 5.2 MB of 11 GB.'],
  ['It needs 2000000 bytes; kv.gpuBytes is 1000000.', 'It needs 2.0 MB; the GPU memory limit is 1.0 MB.'],
  ['For 20000 bytes load with kv.contextTokens 8192.', 'For 20 kB load with kv.contextTokens 8192.'],
  [
    'In 20000 bytes are the first 4096 of its 9000 tokens.',
    'In 20 kB are the first 4096 of its 9,000 tokens.',
  ],
  ['The document has 65536 tokens.', 'The document has 65,536 tokens.'],
])('%s', (sentence, expected) => {
  expect(plainSentence(sentence)).toBe(expected);
});
