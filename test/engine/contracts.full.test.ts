/** The contracts of the KV hierarchy that contracts.test.ts leaves out, on real models. */
import { existsSync } from 'node:fs';
import { describe } from 'vitest';
import { interruptionContracts, selectionContracts } from '../support/hierarchy-contracts';
import { scoutModel, storiesFolder, storiesModel } from '../../tools/tiny-models/models';

describe('Scout', () => {
  selectionContracts(scoutModel());
  interruptionContracts(scoutModel());
});

if (existsSync(storiesFolder)) describe('stories260K', () => interruptionContracts(storiesModel()));
