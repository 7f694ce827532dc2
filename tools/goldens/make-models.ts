/**
 * Writes the architecture models and their prompts into a folder, for `transformers_goldens.py` to read, and with
 * `--fixture` the committed tiny-llama as well: `npx tsx tools/goldens/make-models.ts FOLDER [--fixture]`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { architectureSpecs, tinyLlama, type ModelSpec } from '../tiny-models/model-configs';
import { goldenPrompt, goldenPromptLengths, makeModel } from '../tiny-models/models';

function writeModel(spec: ModelSpec, folder: string): void {
  mkdirSync(folder, { recursive: true });
  for (const [path, bytes] of makeModel(spec).files) writeFileSync(join(folder, path), bytes);
}

const [target, ...flags] = process.argv.slice(2);
if (!target) throw new Error('name the folder to write to');
for (const spec of architectureSpecs) {
  const folder = join(target, spec.name);
  writeModel(spec, folder);
  const prompts = goldenPromptLengths.map((length) => goldenPrompt(spec.config.vocab_size, length));
  writeFileSync(join(folder, 'prompts.json'), JSON.stringify(prompts));
}
if (flags.includes('--fixture')) writeModel(tinyLlama, join('test/fixtures/models', tinyLlama.name));
