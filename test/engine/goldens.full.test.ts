/** Every architecture with storage in f16 against transformers. */
import { test } from 'vitest';
import { compareAll } from '../support/compare-goldens';
import { architectureModels, transformersGoldens } from '../../tools/tiny-models/models';

test.each(architectureModels().map((model) => [model.name, model] as const))(
  '%s, f16 storage',
  (name, model) => compareAll(model, transformersGoldens(name), 0.15),
);
