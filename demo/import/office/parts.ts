/** The parts of a package of XML files, as office programs write them, and how they refer to each other. */
import type { ZipArchive } from '../bytes/zip';
import {
  attributeOf,
  elementsNamed,
  elementsOf,
  parseXml,
  type Document,
  type Element,
} from '../markup/tree';

/** Where a relationship leads. */
export interface Relation {
  /** The last word of its type: `slide`, `comments`. */
  readonly type: string;
  /** Name of the part in the archive. */
  readonly target: string;
}

/** The only element at the top of a part. */
export const rootOf = (part: Document): Element => elementsOf(part)[0]!;

/** The name of a part as another one refers to it: from its own folder, or from the root. */
function resolvePart(from: string, target: string): string {
  const folders = target.startsWith('/') ? [] : from.split('/').slice(0, -1);
  for (const step of target.split('/')) {
    if (step === '..') folders.pop();
    else if (step !== '.' && step !== '') folders.push(step);
  }
  return folders.join('/');
}

/** Reads the parts of one archive; those that are damaged are named once. */
export class Parts {
  readonly notes: string[] = [];
  readonly #archive: ZipArchive;
  readonly #signal: AbortSignal | undefined;

  constructor(archive: ZipArchive, signal: AbortSignal | undefined) {
    this.#archive = archive;
    this.#signal = signal;
  }

  /**
   * A part that may be missing or damaged: a damaged one costs itself, and a note.
   * @param what what is in it, in the plural; without it, its caller says what is lost
   * @throws ImportError `too-large`; the signal's reason when aborted
   */
  async read(name: string, what?: string): Promise<Document | undefined> {
    const bytes = await this.bytes(name, what);
    try {
      return bytes && parseXml(bytes);
    } catch {
      // The note says it.
      this.#addDamage(what);
      return undefined;
    }
  }

  /** The bytes of such a part. */
  async bytes(name: string, what?: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await this.#archive.read(name, this.#signal);
    } catch (cause) {
      this.#signal?.throwIfAborted();
      const { code } = cause as { code?: string };
      if (code === 'too-large' || code === 'encrypted') throw cause;
      this.#addDamage(what);
      return undefined;
    }
  }

  #addDamage(what: string | undefined): void {
    if (what === undefined) return;
    const note = `The ${what} of this document are damaged and were left out.`;
    if (!this.notes.includes(note)) this.notes.push(note);
  }

  /** Names like `word/header1.xml`, in the order of their numbers. */
  named(pattern: RegExp): string[] {
    return [...this.#archive.names]
      .filter((name) => pattern.test(name))
      .sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  }

  /** What a part refers to, by the ids that it uses for it; nothing outside of the archive. */
  async relationsOf(name: string): Promise<ReadonlyMap<string, Relation>> {
    const path = name.replace(/([^/]*)$/, '_rels/$1.rels');
    const part = await this.read(path, 'links between the parts');
    const relations = part ? elementsNamed(part, 'Relationship') : [];
    return new Map(
      relations
        .filter((relation) => attributeOf(relation, 'TargetMode') !== 'External')
        .map((relation) => [
          attributeOf(relation, 'Id') ?? '',
          {
            type: (attributeOf(relation, 'Type') ?? '').replace(/^.*\//, ''),
            target: resolvePart(name, attributeOf(relation, 'Target') ?? ''),
          },
        ]),
    );
  }
}
