/** The document that is shown. */
import type { DocumentPlace, EngineDocuments, OpenedDocument } from '../src/index';

/** See the file's header. */
export interface OpenDocument {
  readonly id: string;
  /** Undefined until it is there. */
  readonly text: string | undefined;
  /** Pages, chapters or headings, where it has such. */
  readonly places?: readonly DocumentPlace[];
  /** What it took to make it ready for questions. */
  readonly opened?: OpenedDocument;
}

/** With its text and places, which the library brings unless they are there. @throws what the library throws */
export async function withText(
  library: EngineDocuments,
  { id, text, places }: OpenDocument,
): Promise<OpenDocument> {
  return { id, text: text ?? (await library.text(id)), places: places ?? (await library.places(id)) };
}
