/** Fetches a model's configuration files and reads them. */
import { EngineError } from '../util/errors';
import { isUsual, parseModelConfig, type ModelConfig } from './model-config';
import { fetched } from '../util/fetched';
import type { ModelSource } from '../source/model-source';
import { readJson } from '../source/read-json';

/**
 * Reads `config.json` and, where there is one, `generation_config.json`.
 * @throws EngineError `model-unsupported` naming the file or field, `network`; the signal's reason when aborted
 */
export async function readModelConfig(source: ModelSource, signal?: AbortSignal): Promise<ModelConfig> {
  const [config, generation] = await Promise.all(
    ['config.json', 'generation_config.json'].map((name) => readJson(source, name, signal)),
  );
  if (config === undefined) {
    throw new EngineError(
      'model-unsupported',
      "There is no 'config.json': a model is a folder in Hugging Face layout, with safetensors weights, or a GGUF file.",
    );
  }
  const others = isUsual(config) ? {} : (await fetched(import('./other-architectures'))).otherArchitectures;
  const parsed = parseModelConfig(config, generation, others);
  const { gguf } = source;
  if (!gguf) return parsed;
  const { experts, hasFusedQkv } = parsed;
  return {
    ...parsed,
    // llama.cpp's converter adds the 1 of Gemma's norms to the weights that it writes.
    hasOffsetNorms: false,
    hasFusedQkv:
      hasFusedQkv || gguf.files.some(({ tensors }) => tensors.some(({ name }) => name.includes('attn_qkv'))),
    ...(experts && { experts: { ...experts, isStacked: true } }),
  };
}
