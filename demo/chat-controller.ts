/** The conversations on the open document: asking, stopping, branching. Keeps them on this device as they change. */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import type { ReadingProgress } from '../src/index';
import {
  newConversation,
  visibleTurns,
  withBranch,
  withTurn,
  type Conversation,
  type DocumentPart,
  type Turn,
} from './conversation';
import type { ConversationStore } from './conversation-store';
import type { EngineController } from './engine-controller';
import { newId } from './ids';

/** The sampling of a second try, which would else say the same. */
const secondTryTemperature = 0.7;

/** What a conversation needs to know of what is around it. */
interface ChatSurroundings {
  /** How much of the open document is read, where that is not all of it. */
  readonly partOf: () => DocumentPart | undefined;
  /** Whether a document is still in the library. */
  readonly isKept: (id: string) => boolean;
  /** Told how far documents are read that a question is about together; undefined once they are. */
  readonly onReading: (progress: ReadingProgress | undefined) => void;
  /** Told before a question is sent: whatever else the model does gives way. */
  readonly onAsking: () => void;
}

/** See the file's header. */
export class ChatController implements ReactiveController {
  /** All conversations on the open document that are kept, the one that changed last first. */
  conversations: readonly Conversation[] = [];
  /** The one that is shown; a new one is kept from its first question on. */
  current: Conversation = newConversation(newId(), '', Date.now());
  /** The answer that is growing. */
  answeringId: string | undefined;
  /** What went wrong with the last question. */
  problem: unknown;
  /** Why conversations are not kept, until that has been read. */
  storeProblem: unknown;
  readonly #host: ReactiveControllerHost;
  readonly #engine: EngineController;
  readonly #store: ConversationStore;
  readonly #surroundings: ChatSurroundings;
  #running: AbortController | undefined;
  /** Settles when the latest answer has ended. */
  #ended: Promise<void> = Promise.resolve();
  /** Whether the store failed last: that is said once, and again only after it has worked. */
  #isUnkept = false;

  constructor(
    host: ReactiveControllerHost,
    engine: EngineController,
    store: ConversationStore,
    surroundings: ChatSurroundings,
  ) {
    this.#host = host;
    this.#engine = engine;
    this.#store = store;
    this.#surroundings = surroundings;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.stop();
  }

  /** Shows the conversations on a document (empty for none), with the latest open, or the one that is named. */
  async open(documentId: string, conversationId?: string): Promise<void> {
    this.stop();
    this.#show(newConversation(newId(), documentId, Date.now()), []);
    const conversations = (await this.#attempt(() => this.#store.list(documentId))) ?? [];
    if (this.current.documentId !== documentId || this.current.turns.length > 0) return;
    const wanted = conversations.find(({ id }) => id === conversationId);
    this.#show(wanted ?? conversations[0] ?? this.current, conversations);
  }

  /** Documents that the conversation is about, the open one first; none for a chat without one. */
  get documentIds(): readonly string[] {
    const { documentId, besideIds = [] } = this.current;
    return documentId === '' ? [] : [documentId, ...besideIds.filter(this.#surroundings.isKept)];
  }

  /** Begins another conversation on the same documents. */
  begin(): void {
    this.stop();
    const { documentId, besideIds } = this.current;
    this.#show({ ...newConversation(newId(), documentId, Date.now()), ...(besideIds && { besideIds }) });
  }

  /** Asks these documents together with the open one from now on. */
  askBeside(besideIds: readonly string[]): void {
    if (this.answeringId !== undefined) return;
    const { besideIds: _, ...alone } = this.current;
    const current = { ...alone, ...(besideIds.length > 0 && { besideIds }) };
    if (current.turns.length > 0) void this.#keep(current);
    else this.#show(current);
  }

  /** Shows another of the conversations. */
  select(id: string): void {
    const found = this.conversations.find((conversation) => conversation.id === id);
    if (!found || found.id === this.current.id) return;
    this.stop();
    this.#show(found);
  }

  /** Deletes the conversation that is shown. */
  async delete(): Promise<void> {
    const { id } = this.current;
    // An answer is kept once more when it ends.
    await this.halt();
    const rest = this.conversations.filter((conversation) => conversation.id !== id);
    if (this.current.id === id) {
      this.#show(rest[0] ?? newConversation(newId(), this.current.documentId, Date.now()), rest);
    }
    await this.#attempt(() => this.#store.delete(id));
  }

  /** Asks at the end of what is shown. */
  async ask(content: string): Promise<void> {
    const parentId = visibleTurns(this.current).at(-1)?.id;
    await this.#askAfter(parentId, content);
  }

  /** Asks something else in place of a question; the first and its answers stay as another branch. */
  async edit(turn: Turn, content: string): Promise<void> {
    await this.#askAfter(turn.parentId, content);
  }

  /** Answers again; the first answer stays as another branch. Sampled, unless what is attended has changed since. */
  async answerAgain(turn: Turn): Promise<void> {
    const isSameReading = (turn.isExact ?? false) === this.#engine.settings.isExact;
    const isWhole = turn.ending === undefined || turn.ending === 'length';
    await this.#answer(turn.parentId, isSameReading && isWhole ? secondTryTemperature : 0);
  }

  /** Shows another branch. */
  choose(turn: Turn): void {
    if (this.answeringId === undefined) void this.#keep(withBranch(this.current, turn));
  }

  /** What went wrong has been read. */
  dismiss(): void {
    this.problem = undefined;
    this.storeProblem = undefined;
    this.#host.requestUpdate();
  }

  /** Stops the answer. */
  stop(): void {
    this.#running?.abort();
  }

  /** Stops the answer, and resolves once nothing of it runs any more. */
  async halt(): Promise<void> {
    this.stop();
    await this.#ended;
  }

  async #askAfter(parentId: string | undefined, content: string): Promise<void> {
    if (!this.#canAnswer) return;
    const question: Turn = { id: newId(), parentId, role: 'user', content };
    this.current = withTurn(this.current, question, Date.now());
    await this.#answer(question.id, 0);
  }

  get #canAnswer(): boolean {
    return this.answeringId === undefined && this.#engine.phase === 'ready';
  }

  async #answer(parentId: string | undefined, temperature: number): Promise<void> {
    if (this.#canAnswer) await (this.#ended = this.#answerNow(parentId, temperature));
  }

  async #answerNow(parentId: string | undefined, temperature: number): Promise<void> {
    const running = (this.#running = new AbortController());
    const { isExact } = this.#engine.settings;
    const { id } = this.current;
    const { documentIds } = this;
    // With others all of it is read.
    const part = documentIds.length === 1 ? this.#surroundings.partOf() : undefined;
    let turn: Turn = {
      id: newId(),
      parentId,
      role: 'assistant',
      content: '',
      ...(isExact && { isExact }),
      ...(part && { part }),
    };
    // At once: whoever clicks twice asks once.
    this.answeringId = turn.id;
    this.#surroundings.onAsking();
    // A page that is closed now finds this when it is opened again.
    const asked = withTurn(this.current, { ...turn, ending: 'left' }, Date.now());
    const messages = messagesBefore(asked, turn.id);
    await this.#keep(asked);
    const show = () => {
      if (this.current.id === id) this.current = withTurn(this.current, turn, Date.now());
      this.#host.requestUpdate();
    };
    this.problem = undefined;
    show();
    try {
      const { onReading } = this.#surroundings;
      const question = { messages, documentIds, temperature, onReading };
      for await (const { content, isCut, ...figures } of this.#engine.answer(question, running.signal)) {
        turn = { ...turn, content, ...(isCut && { ending: 'length' as const }) };
        const { firstTokenMs, tokensPerSecond, sources, isGuess } = figures;
        turn = {
          ...turn,
          ...(firstTokenMs !== undefined && { firstTokenMs }),
          ...(tokensPerSecond && { tokensPerSecond }),
        };
        if (sources) turn = { ...turn, sources, ...(isGuess && { isGuess }) };
        show();
      }
    } catch (error) {
      turn = { ...turn, ending: running.signal.aborted ? 'stopped' : 'failed' };
      if (!running.signal.aborted) this.problem = error;
    }
    this.answeringId = undefined;
    await this.#keep(withTurn(this.current.id === id ? this.current : asked, turn, Date.now()));
  }

  async #keep(conversation: Conversation): Promise<void> {
    if (conversation.id === this.current.id) this.current = conversation;
    if (conversation.documentId === this.current.documentId) {
      const rest = this.conversations.filter(({ id }) => id !== conversation.id);
      this.conversations = [conversation, ...rest].sort((a, b) => b.updatedAt - a.updatedAt);
    }
    this.#host.requestUpdate();
    await this.#attempt(() => this.#store.put(conversation));
  }

  /** What the store cannot do is said, and keeps nobody from asking. */
  async #attempt<Result>(work: () => Promise<Result>): Promise<Result | undefined> {
    try {
      const result = await work();
      this.#isUnkept = false;
      return result;
    } catch (error) {
      if (!this.#isUnkept) this.storeProblem = error;
      this.#isUnkept = true;
      this.#host.requestUpdate();
      return undefined;
    }
  }

  #show(current: Conversation, conversations: readonly Conversation[] = this.conversations): void {
    this.current = current;
    this.conversations = conversations;
    this.problem = undefined;
    this.#host.requestUpdate();
  }
}

/** The question that an answer is for and all that was said before it; answers that never came leave their question out. */
function messagesBefore(conversation: Conversation, id: string): { role: Turn['role']; content: string }[] {
  const turns = visibleTurns(conversation);
  const end = turns.findIndex((turn) => turn.id === id);
  return turns
    .slice(0, end)
    .filter((turn, index) => {
      const answer = turn.role === 'user' ? turns[index + 1] : turn;
      return index === end - 1 || answer?.content !== '';
    })
    .map(({ role, content }) => ({ role, content }));
}
