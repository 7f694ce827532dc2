import { expect, test } from 'vitest';
import { mutatedFiles, tryFolder } from '../../support/mutated-model';

test('100 mutated model folders load, or are refused with a typed error', async () => {
  let numRefused = 0;
  for (let seed = 1; seed <= 100; seed++) {
    const error = await tryFolder(mutatedFiles(seed)).catch((cause: unknown) => {
      throw new Error(`folder ${seed}`, { cause });
    });
    if (error) {
      numRefused++;
      expect(['model-unsupported', 'weights-corrupt'], `folder ${seed}: ${error.message}`).toContain(
        error.code,
      );
    }
  }
  expect(numRefused).toBeGreaterThan(10);
  expect(numRefused).toBeLessThan(95);
});
