/**
 * The contracts of the KV hierarchy on the tiny model, and those that depend on weights on a small real one;
 * contracts.full.test.ts holds the real ones to all of them.
 */
import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { interruptionContracts, selectionContracts } from '../support/hierarchy-contracts';
import { storiesFolder, storiesModel, tinyLlamaModel } from '../../tools/tiny-models/models';

describe('tiny-llama', () => {
  selectionContracts(tinyLlamaModel());
  interruptionContracts(tinyLlamaModel());
});

if (existsSync(storiesFolder)) describe('stories260K', () => selectionContracts(storiesModel()));
// The gate repeats this line.
else process.stdout.write('not run, contracts on stories260K: its weights are not on this machine\n');
