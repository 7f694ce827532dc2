/** What answers the calls about documents. */
import type { ReadingProgress } from '../documents/document-info';
import type { Documents } from '../documents/documents';
import type { DocumentCalls, Handlers } from './protocol';

/** Answers by this library; `tell` is told how far a call is. */
export function documentHandlers(
  documents: Documents,
  tell: (id: number, progress: ReadingProgress) => void,
): Handlers<keyof DocumentCalls> {
  const { library, together } = documents;
  const progressOf = (id: number) => (progress: ReadingProgress) => tell(id, progress);
  return {
    addDocument: ({ id: name, text, ...options }, id, signal) =>
      documents.add(name, text, { ...options, signal, onProgress: progressOf(id) }),
    listDocuments: () => library.list(),
    openDocument: (name, _id, signal) => documents.open(name, signal),
    documentText: (name) => library.text(name),
    documentPlaces: (name) => library.places(name),
    renameDocument: async ({ id, title }) => {
      await library.rename(id, title);
      return undefined;
    },
    deleteDocument: async (name) => {
      await documents.delete(name);
      return undefined;
    },
    exportDocument: (name) => library.export(name),
    importDocument: (blob) => documents.import(blob),
    verifyDocument: (name, id, signal) => documents.verify(name, { signal, onProgress: progressOf(id) }),
    estimateDocument: (text, _id, signal) => documents.estimate(text, signal),
    planTogether: (names, _id, signal) => together.plan(names, signal),
    readTogether: (names, id, signal) => together.read(names, { signal, onProgress: progressOf(id) }),
  };
}
