/** In which format the pages of a model's kept documents are: what an engine that may choose follows. */
import type { KvFormat } from '../kernels/attention/kv-format';
import type { ModelConfig } from '../config/model-config';
import { DocumentDatabase } from './document-database';
import { keptFormatOf } from './page-origin';

/**
 * The format of the document of this model that was used last, undefined where there is none of a format that a plan would choose.
 * A storage that cannot be read tells nothing: who then asks for documents is told so.
 */
export async function keptFormat(
  config: ModelConfig,
  hostFormat: 'same' | 'int8' | undefined,
): Promise<KvFormat | undefined> {
  const database = await DocumentDatabase.open().catch(() => undefined);
  try {
    const manifests = (await database?.manifests().catch(() => [])) ?? [];
    return manifests
      .sort((a, b) => b.lastUsedAt - a.lastUsedAt)
      .map(({ fingerprint }) => keptFormatOf(fingerprint, config, hostFormat))
      .find((format) => format !== undefined);
  } finally {
    database?.close();
  }
}
