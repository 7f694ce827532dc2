/** The library of kept documents for one engine: a part on demand. */
import { Documents } from '../documents/documents';
import { pageOriginKey } from '../documents/page-origin';
import type { DeviceSide } from './device-side';

/** What the library takes of an engine beside its device. */
type EngineContext = Pick<
  ConstructorParameters<typeof Documents>[0],
  'beginDocument' | 'tokenizer' | 'template' | 'config' | 'planFor'
> & { readonly textId: string };

/** Opens it. */
export function openDocuments(side: DeviceSide, { textId, ...context }: EngineContext): Documents {
  const { cache, plan } = side.runner;
  const { hostPageBytes, summaryBytes } = cache.layout;
  const { numLayers, numKvHeads, selection } = cache.shape;
  const { contextTokens } = plan;
  return new Documents({
    library: {
      fingerprint: pageOriginKey({
        weightsId: side.weightsId,
        textId,
        config: context.config,
        weights: side.weightFormats,
        cache: cache.shape,
        contextTokens,
      }),
      layout: {
        numLayers,
        numKvHeads,
        pageBytes: hostPageBytes,
        summaryBytes,
        ...(selection === 'digest' ? { summaries: selection } : {}),
      },
      pages: { format: cache.shape.hostFormat, headDim: cache.shape.headDim },
      locks: (globalThis as { navigator?: { locks?: LockManager } }).navigator?.locks,
    },
    side,
    contextTokens,
    ...context,
  });
}
