import { expect, test } from 'vitest';
import { mutatedFiles, tryFolder } from '../../support/mutated-model';

/** More or other ones: `LONGPAGE_SEED=123` begins there. */
const first = Number(process.env.LONGPAGE_SEED ?? 1000);
const numFolders = Number(process.env.LONGPAGE_MUTATIONS ?? 10_000);

test(
  `${numFolders} mutated model folders from ${first} on: a typed error or ids, none longer than 5 s`,
  { timeout: 3_600_000 },
  async () => {
    const faults: string[] = [];
    for (let seed = first; seed < first + numFolders; seed++) {
      const startedAt = performance.now();
      await tryFolder(mutatedFiles(seed)).catch((cause: unknown) => {
        faults.push(`folder ${seed}: ${cause instanceof Error ? cause.stack : String(cause)}`);
      });
      const durationMs = performance.now() - startedAt;
      if (durationMs > 5000) faults.push(`folder ${seed} took ${durationMs.toFixed()} ms`);
    }
    expect(faults).toEqual([]);
  },
);
