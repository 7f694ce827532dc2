/** The JSON files of a model, whether its source has them as text or made them itself. */
import { EngineError } from '../util/errors';
import type { ModelSource } from './model-source';

/**
 * Resolves to the parsed file, or to undefined when there is no such file.
 * @throws EngineError `model-unsupported` when it is not JSON, `network`, `weights-corrupt`; the signal's reason when aborted
 */
export async function readJson(source: ModelSource, name: string, signal?: AbortSignal): Promise<unknown> {
  if (source.parsed?.has(name)) return source.parsed.get(name);
  const text = await source.readText(name, signal);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new EngineError('model-unsupported', `The model's '${name}' is not JSON.`, { cause });
  }
}
