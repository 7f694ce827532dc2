/** `model.safetensors.index.json`: which file holds which tensor of a model in several files. Pure. */
import { corrupt } from './safetensors';
import { quote } from '../util/config-fields';
import { isJsonObject } from '../util/json';

/** Name of the one file of a model that is not sharded. */
export const singleFileName = 'model.safetensors';
/** Name of the index of a sharded model. */
export const indexFileName = 'model.safetensors.index.json';

/** The files of a sharded model. */
export interface ShardIndex {
  /** File by tensor. */
  readonly fileOf: ReadonlyMap<string, string>;
  /** Each file once, in order of name. */
  readonly files: readonly string[];
}

/** @throws EngineError `weights-corrupt` naming the field */
export function parseShardIndex(text: string): ShardIndex {
  let index: unknown;
  try {
    index = JSON.parse(text);
  } catch (cause) {
    throw corrupt(indexFileName, 'it is not JSON', cause);
  }
  const map = isJsonObject(index) ? index['weight_map'] : undefined;
  if (!isJsonObject(map)) throw corrupt(indexFileName, 'its weight_map is not an object');
  const fileOf = new Map<string, string>();
  for (const [tensor, file] of Object.entries(map)) {
    // A file's name and nothing else: it must not lead out of the model's folder.
    if (typeof file !== 'string' || !/^[\w][\w.-]*\.safetensors$/.test(file) || file.includes('..')) {
      throw corrupt(
        indexFileName,
        `its weight_map puts '${tensor}' into ${quote(file)}, which is no shard's name`,
      );
    }
    fileOf.set(tensor, file);
  }
  if (fileOf.size === 0) throw corrupt(indexFileName, 'its weight_map is empty');
  return { fileOf, files: [...new Set(fileOf.values())].sort() };
}
