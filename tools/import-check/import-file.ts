/** Reads a file as the page's import does, under Node: the same readers, without the worker around them. */
import type { ImportedDocument, ImportOptions } from '../../demo/import/document';

// pdf.js wants it, and Node has it from version 22 on.
(Promise as { withResolvers?: unknown }).withResolvers ??= function withResolvers<T>() {
  let resolve!: (value: T) => void;
  let reject!: (reason: unknown) => void;
  const promise = new Promise<T>((onFulfilled, onRejected) => {
    [resolve, reject] = [onFulfilled, onRejected];
  });
  return { promise, resolve, reject };
};

// As above, from Node 21 on.
(ArrayBuffer.prototype as { transferToFixedLength?: unknown }).transferToFixedLength ??= function (
  this: ArrayBuffer,
  numBytes = this.byteLength,
) {
  const copy = new ArrayBuffer(numBytes);
  new Uint8Array(copy).set(new Uint8Array(this, 0, Math.min(numBytes, this.byteLength)));
  return copy;
};

/** @throws ImportError when it cannot be taken in */
export async function importFile(
  name: string,
  content: Uint8Array | string,
  options: ImportOptions = {},
  contentType = '',
): Promise<ImportedDocument> {
  const { readDocument } = await import('../../demo/import/read-document');
  const bytes = typeof content === 'string' ? new TextEncoder().encode(content) : new Uint8Array(content);
  return readDocument({ bytes, name, contentType }, options);
}
