/** Documents that are asked together: the prompt that has all of them, whether it fits, and reading it before it is asked about. */
import type { ReadingProgress, TogetherPlan } from './document-info';
import type { DocumentDevice } from './document-device';
import { wholePageTokens } from '../cache/page';
import type { DocumentLibrary } from './library';
import type { Manifest } from './manifest';
import { Reading } from './reading';
import { ReadingPace } from './reading-pace';
import type { ModelConfig } from '../config/model-config';
import { encodeText } from '../prompt/encode-prompt';
import { joinTexts, type NamedText, type TextPart } from '../prompt/joined-texts';
import type { EncodedPrompt } from '../prompt/sources';
import type { ChatInput, ChatTemplate } from '../tokenizer/chat-template';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { EngineError } from '../util/errors';

/** What documents are joined with. */
interface TogetherContext {
  readonly library: DocumentLibrary;
  readonly side: DocumentDevice;
  readonly tokenizer: Tokenizer;
  readonly template: ChatTemplate;
  readonly config: ModelConfig;
  readonly contextTokens: number;
  readonly beginDocument: () => Promise<void>;
  /** Makes a document's kept pages ready. */
  readonly open: (id: string, signal?: AbortSignal) => Promise<unknown>;
  /** The text of a document that is being read: nobody else may look into the library then. */
  readonly textWhileRead: (id: string) => string | undefined;
}

/** What following a reading may bring. */
interface ReadTogetherOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: ReadingProgress) => void) | undefined;
}

/** Documents as the beginning of a prompt. */
interface Joined {
  /** Tells whether the documents are still those that it was made of. */
  readonly key: string;
  readonly manifests: readonly Manifest[];
  /** What the chat template writes before the first document. */
  readonly head: string;
  /** All texts, with their boundaries. */
  readonly text: string;
  readonly parts: readonly TextPart[];
  /** Tokens of head and text. */
  readonly ids: readonly number[];
}

/** See the file's header. Pages of several documents are not stored: they last as long as the cache has room for them. */
export class DocumentsTogether {
  readonly #context: TogetherContext;
  /** Whoever asks once asks again: texts are encoded for the first question alone. */
  #latest: Joined | undefined;

  constructor(context: TogetherContext) {
    this.#context = context;
  }

  /**
   * Whether documents fit together, before anything is read.
   * @throws RangeError when one is not there; EngineError `document-damaged` where a text cannot be read, `document-busy`,
   * `model-unsupported`; the signal's reason
   */
  async plan(names: readonly string[], signal?: AbortSignal): Promise<TogetherPlan> {
    return this.#planOf(await this.#join(names, signal));
  }

  /**
   * Reads them, so that a question need not wait for it.
   * @throws what `plan` does; EngineError `context-too-long`
   */
  async read(
    names: readonly string[],
    { signal, onProgress }: ReadTogetherOptions = {},
  ): Promise<TogetherPlan> {
    const { side, config, beginDocument } = this.#context;
    const joined = await this.#openJoined(names, signal);
    const { ids } = joined;
    await beginDocument();
    await side.ready();
    signal?.throwIfAborted();
    const numReadable = wholePageTokens(ids.length);
    if (numReadable > 0 && !side.loop.covers(ids.slice(0, numReadable))) {
      const pace = new ReadingPace(config, ids.length);
      const reading = new Reading({ ids: ids.slice(0, numReadable) }, (_, numReadTokens) =>
        onProgress?.({
          phase: 'reading',
          numTokens: ids.length,
          numReadTokens,
          ...pace.at(numReadTokens),
        }),
      );
      const onAbort = () => side.loop.abort(reading, signal!.reason);
      signal?.addEventListener('abort', onAbort);
      try {
        side.add(reading);
        await reading.done;
      } finally {
        signal?.removeEventListener('abort', onAbort);
      }
    }
    return this.#planOf(joined);
  }

  /** The token ids of a conversation on them, with their texts where `hasText`. @throws what `read` does */
  async prompt(
    names: readonly string[],
    { messages, variables }: Pick<ChatInput, 'messages' | 'variables'>,
    { hasText, signal }: { readonly hasText: boolean; readonly signal?: AbortSignal | undefined },
  ): Promise<EncodedPrompt> {
    const { template, tokenizer, contextTokens } = this.#context;
    const { manifests, head: usualHead, text, parts, ids } = await this.#openJoined(names, signal);
    const now = new Date(manifests[0]!.renderedAt);
    const { documentPrefix: head, rest } = template.render({ messages, document: '', now, variables });
    const encoding = { tokenizer, contextTokens, signal };
    // A template may write something about this conversation before the documents.
    const own = head === usualHead ? ids : await encodeText(head + text, false, encoding);
    return {
      ids: [...own, ...(await encodeText(rest, true, encoding))],
      subject: hasText
        ? { numTokens: own.length, prefix: head + text, textStart: head.length, parts }
        : undefined,
    };
  }

  /** Joined, when they fit; the kept pages of the first, which are those of its beginning, are ready. */
  async #openJoined(names: readonly string[], signal: AbortSignal | undefined): Promise<Joined> {
    const joined = await this.#join(names, signal);
    this.#checkLength(joined.ids);
    const [first] = joined.manifests;
    if (this.#hasOwnPages(first!)) await this.#context.open(first!.id, signal);
    return joined;
  }

  async #join(names: readonly string[], signal: AbortSignal | undefined): Promise<Joined> {
    const { library, template, tokenizer } = this.#context;
    const manifests = await Promise.all(names.map((id) => library.required(id)));
    const key = JSON.stringify(manifests.map(({ id, key: one, title }) => [id, one, title]));
    if (this.#latest?.key === key) return { ...this.#latest, manifests };
    const documents: NamedText[] = [];
    for (const { id, title, places } of manifests) {
      const text = this.#context.textWhileRead(id) ?? (await library.text(id));
      documents.push({ id, title, text, places });
      signal?.throwIfAborted();
    }
    const { text, parts } = joinTexts(documents);
    const head = template.documentPrefix('', new Date(manifests[0]!.renderedAt));
    // How long it is, is to be said, however long it is.
    const ids = await encodeText(head + text, false, { tokenizer, contextTokens: Infinity, signal });
    return (this.#latest = { key, manifests, head, text, parts, ids });
  }

  #planOf({ ids, manifests }: Joined): TogetherPlan {
    const { side, contextTokens } = this.#context;
    const [first] = manifests;
    const numKept = this.#hasOwnPages(first!) ? first!.numReadTokens : 0;
    const numReadable = wholePageTokens(ids.length);
    const isThere = side.loop.covers(ids.slice(0, numReadable));
    const numReadTokens = isThere ? numReadable : Math.max(numKept, side.loop.numReusable(ids));
    return {
      numTokens: ids.length,
      contextTokens,
      fits: ids.length < contextTokens,
      numReadTokens,
      documents: manifests.map((manifest, i) => {
        const { id, title, numTokens } = manifest;
        return { id, title, numTokens, isReadAgain: i > 0 || !this.#hasOwnPages(manifest) };
      }),
    };
  }

  /** Pages of an import answer about it alone, and those of another model about nothing: such a text is read like the others. */
  #hasOwnPages(manifest: Manifest): boolean {
    const { state } = this.#context.library.describe(manifest);
    return manifest.imported === undefined && (state === 'complete' || state === 'partial');
  }

  #checkLength({ length }: readonly number[]): void {
    const { contextTokens } = this.#context;
    if (length < contextTokens) return;
    throw new EngineError(
      'context-too-long',
      `The documents have ${length} tokens together; this engine holds ${contextTokens}, question and answer included.`,
    );
  }
}
