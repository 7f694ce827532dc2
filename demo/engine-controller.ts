/**
 * The page's one hold on the engine: loads a model, runs one answer at a time, and tells its host about every change.
 * Components get its state and never the engine.
 */
import type { ReactiveController, ReactiveControllerHost } from 'lit';
import { Engine, type EngineStats, type LoadProgress } from '../src/index';

/** A model as the picker names it. */
export interface ModelChoice {
  readonly name: string;
  /** A folder's URL, or its files. */
  readonly source: string | readonly File[];
}

/** One side of the conversation; the assistant's grows while it streams. */
export interface Turn {
  readonly role: 'user' | 'assistant';
  readonly content: string;
  /** Why an answer is not complete: the person stopped it, a limit was reached, or it failed. */
  readonly ending?: 'stopped' | 'length' | 'failed';
}

/** Where the engine is. */
export type Phase = 'empty' | 'loading' | 'ready' | 'answering' | 'failed';

/** Tokens that one answer may have. */
const maxAnswerTokens = 512;

/** See the file's header. */
export class EngineController implements ReactiveController {
  phase: Phase = 'empty';
  choice: ModelChoice | undefined;
  progress: LoadProgress | undefined;
  turns: readonly Turn[] = [];
  /** A text that the conversation is about; empty for none. */
  documentText = '';
  stats: EngineStats | undefined;
  tokensPerSecond: number | undefined;
  /** What went wrong last; cleared by the next attempt. */
  error: unknown;
  readonly #host: ReactiveControllerHost;
  #engine: Engine | undefined;
  #running: AbortController | undefined;

  constructor(host: ReactiveControllerHost) {
    this.#host = host;
    host.addController(this);
  }

  hostDisconnected(): void {
    this.#running?.abort();
    void this.#engine?.dispose();
  }

  /** Replaces the model; the conversation begins with `turns`. A load that is still running is stopped first. */
  async load(choice: ModelChoice, turns: readonly Turn[] = []): Promise<void> {
    const running = this.#startRunning();
    this.#set({
      phase: 'loading',
      choice,
      progress: undefined,
      error: undefined,
      turns,
      stats: undefined,
    });
    this.tokensPerSecond = undefined;
    try {
      const previous = this.#engine;
      this.#engine = undefined;
      await previous?.dispose();
      running.signal.throwIfAborted();
      const { source } = choice;
      const engine = await Engine.load(typeof source === 'string' ? source : [...source], {
        signal: running.signal,
        onProgress: (progress) => {
          if (this.#running === running) this.#set({ progress });
        },
      });
      if (this.#running !== running) {
        await engine.dispose();
        return;
      }
      this.#engine = engine;
      this.#set({ phase: 'ready', stats: await engine.stats() });
    } catch (error) {
      if (this.#running !== running) return;
      if (running.signal.aborted) this.#set({ phase: 'empty' });
      else this.#set({ phase: 'failed', error });
    }
  }

  /** Loads the same model again, after an error, and keeps the conversation. */
  async retry(): Promise<void> {
    if (this.choice) await this.load(this.choice, this.turns);
  }

  /** Streams the answer to `question` into the last turn. Does nothing unless a model is ready. */
  async ask(question: string): Promise<void> {
    const engine = this.#engine;
    if (!engine || this.phase !== 'ready') return;
    const running = this.#startRunning();
    const history: readonly Turn[] = [...this.turns, { role: 'user', content: question }];
    this.#set({
      phase: 'answering',
      turns: [...history, { role: 'assistant', content: '' }],
      error: undefined,
    });
    const messages = history.map(({ role, content }) => ({ role, content }));
    let content = '';
    let numTokens = 0;
    let firstTokenAt = 0;
    const finish = (ending?: Turn['ending']) => {
      const answer: Turn = { role: 'assistant', content, ...(ending && { ending }) };
      this.#set({ turns: [...history, answer] });
    };
    try {
      const stream = await engine.chat.completions.create(
        {
          messages,
          max_tokens: maxAnswerTokens,
          // A reader quotes: chance has no place in its answers.
          temperature: 0,
          stream: true,
          ...(this.documentText && { document: { text: this.documentText } }),
        },
        { signal: running.signal },
      );
      for await (const chunk of stream) {
        const choice = chunk.choices[0];
        if (!choice) continue;
        content += choice.delta.content ?? '';
        if (numTokens++ === 0) firstTokenAt = performance.now();
        else this.tokensPerSecond = ((numTokens - 1) * 1000) / (performance.now() - firstTokenAt);
        finish(choice.finish_reason === 'length' ? 'length' : undefined);
      }
      this.#set({ phase: 'ready', stats: await engine.stats() });
    } catch (error) {
      if (this.#running !== running) return;
      if (running.signal.aborted) {
        finish('stopped');
        this.#set({ phase: 'ready', stats: await engine.stats() });
      } else {
        finish('failed');
        this.#set({ phase: 'failed', error });
      }
    }
  }

  /** Stops whatever is running: a load or an answer. */
  stop(): void {
    this.#running?.abort();
  }

  /** Forgets the conversation. */
  clear(): void {
    if (this.phase === 'ready') this.#set({ turns: [] });
  }

  #startRunning(): AbortController {
    this.#running?.abort();
    return (this.#running = new AbortController());
  }

  #set(
    change: Partial<Pick<EngineController, 'phase' | 'choice' | 'progress' | 'turns' | 'stats' | 'error'>>,
  ): void {
    Object.assign(this, change);
    this.#host.requestUpdate();
  }
}
