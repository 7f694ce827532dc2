/** One request while it is answered: its phase, its confirmed tokens, and the text that its caller sees. */
import type { HistoryStart } from '../sampler/history';
import type { SampledToken } from '../sampler/results';
import { IncrementalDecoder } from '../tokenizer/incremental-decoder';
import { StopMatcher } from '../tokenizer/stop-matcher';
import type { Tokenizer } from '../tokenizer/tokenizer';
import { AsyncQueue } from '../util/async-queue';
import type { AnswerConstraint } from './answer-constraint';
import type { FinishReason, GenerationRequest, StepLogprobs, TokenLogprob } from './generation';
import type { GenerationEvent } from './generation-event';
import { LoopRequest } from './loop-request';
import type { Sequence } from '../runner/sequence';

/** Tokens that the longest mark at the end of a prompt may have, white space after it included. */
const numEndTokens = 12;

/** A request from its arrival to its end. The step loop moves it; its reader follows `events`. */
export class RunningRequest extends LoopRequest {
  readonly request: GenerationRequest;
  readonly promptIds: readonly number[];
  readonly origin: string | undefined;
  readonly events = new AsyncQueue<GenerationEvent>();
  /** Tokens that it may sample in all: the request's limit, cut to what the context leaves. */
  readonly maxSampled: number;
  readonly #tokenizer: Tokenizer;
  readonly #constraint: AnswerConstraint | undefined;
  readonly #decoder: IncrementalDecoder;
  readonly #stop: StopMatcher;
  readonly #stepMs: number[] = [];
  readonly #answerIds: number[] = [];
  readonly #massSums: number[] = [];
  #numMassTokens = 0;
  /** Tokens of the answer whose steps are to be run again, after a lost device, and how many of them were. */
  #numToRepeat = 0;
  #numRepeated = 0;
  #startedAt = 0;
  #lastTokenAt = 0;
  #prefillMs = 0;

  constructor(
    request: GenerationRequest,
    { ids: promptIds, origin }: { readonly ids: readonly number[]; readonly origin?: string | undefined },
    maxSampled: number,
    tokenizer: Tokenizer,
    constraint?: AnswerConstraint,
  ) {
    super();
    this.request = request;
    this.promptIds = promptIds;
    this.origin = origin;
    this.maxSampled = maxSampled;
    this.#tokenizer = tokenizer;
    this.#constraint = constraint;
    // Raw text goes on where the prompt ends; an answer to a chat begins a text of its own.
    this.#decoder = new IncrementalDecoder(tokenizer, {
      isContinuation: request.prompt.kind !== 'chat',
      keptIds: request.marks?.map((text) => tokenizer.idOf(text)),
    });
    this.#stop = new StopMatcher(request.stop);
  }

  /** Its format needs the token of the step before, unless that is certain. */
  get isHeld(): boolean {
    return (
      this.#constraint !== undefined && this.numSampled > this.numConfirmed + this.#constraint.ahead.length
    );
  }

  override countStep(): void {
    super.countStep();
    this.#constraint?.lookAhead();
  }

  override nextHistory(): HistoryStart | undefined {
    if (!this.#constraint) return undefined;
    return {
      promptTokens: this.promptIds,
      answerTokens: [...this.#answerIds.slice(0, this.numConfirmed), ...this.#constraint.ahead],
      logitBias: this.request.sampling.logitBias,
      allowed: this.#constraint.mask,
    };
  }

  override knownId(index: number): number | undefined {
    return index < this.#numToRepeat ? this.#answerIds[index] : undefined;
  }

  /** Mean softmax mass of the pages over the answer's tokens, where asked for; an end-of-sequence token does not count. */
  get pageMasses(): Float32Array {
    return Float32Array.from(this.#massSums, (sum) => sum / this.#numMassTokens);
  }

  /**
   * All its steps are run again, in which its heads select, rerank and flip as they did; what they give is known already and
   * goes to nobody. So the tokens that come then are those that would have come.
   */
  override interrupt(): void {
    super.interrupt();
    this.#numToRepeat = this.#answerIds.length;
    this.#numRepeated = 0;
    this.#constraint?.reset();
  }

  protected override begun(_: Sequence, numCached: number): void {
    if (this.#startedAt > 0) return;
    this.#startedAt = performance.now();
    const numPromptTokens = this.promptIds.length;
    this.events.push({
      kind: 'start',
      numPromptTokens,
      numCachedTokens: numCached,
      ...(this.request.marks && { promptEnd: this.#promptEnd() }),
    });
  }

  #promptEnd(): string {
    return this.#tokenizer.decode(this.promptIds.slice(-numEndTokens), { skipSpecialTokens: false });
  }

  /** A step's token has arrived. Ends the request when the token, a stop string or the limit ends it. */
  override confirm(token: SampledToken): void {
    this.numConfirmed++;
    if (this.#numRepeated < this.#numToRepeat) {
      const known = this.#answerIds[this.#numRepeated++]!;
      this.sequence?.tokens.push(known);
      this.#constraint?.confirm(known);
      return;
    }
    this.sequence?.tokens.push(token.tokenId);
    const now = performance.now();
    if (this.#answerIds.length === 0) this.#prefillMs = now - this.#startedAt;
    else this.#stepMs.push(now - this.#lastTokenAt);
    this.#lastTokenAt = now;
    this.#answerIds.push(token.tokenId);

    if (token.isDone) return this.#end('stop', this.#decoder.flush());
    if (token.pageMasses) {
      this.#numMassTokens++;
      for (const [page, mass] of token.pageMasses.entries()) {
        this.#massSums[page] = (this.#massSums[page] ?? 0) + mass;
      }
    }
    const { text, isStopped } = this.#stop.push(this.#decoder.push(token.tokenId));
    const logprobs = token.logprobs && [this.#describeStep(token.tokenId, token.logprobs)];
    this.events.push({ kind: 'delta', text, tokenIds: [token.tokenId], ...(logprobs && { logprobs }) });
    if (isStopped) return this.#end('stop');
    const error = this.#constraint?.confirm(token.tokenId);
    if (error) this.fail(error);
    else if (this.#constraint?.isComplete) this.#end('stop', this.#decoder.flush());
    else if (this.#answerIds.length === this.maxSampled) this.#end('length', this.#decoder.flush());
  }

  override fail(error: unknown): void {
    this.finish();
    this.events.fail(error);
  }

  #end(reason: FinishReason, rest?: string): void {
    this.finish();
    let finishReason = reason;
    if (rest !== undefined) {
      const last = this.#stop.push(rest);
      const text = last.isStopped ? last.text : last.text + this.#stop.flush();
      if (last.isStopped) finishReason = 'stop';
      if (text !== '') this.events.push({ kind: 'delta', text, tokenIds: [] });
    }
    this.events.push({
      kind: 'end',
      finishReason,
      numPromptTokens: this.promptIds.length,
      numCachedTokens: this.numCached!,
      numCompletionTokens: this.#answerIds.length,
      timings: { prefillMs: this.#prefillMs, stepMs: this.#stepMs },
    });
    this.events.close();
  }

  #describeStep(tokenId: number, logprobs: NonNullable<SampledToken['logprobs']>): StepLogprobs {
    const { chosen, top } = logprobs;
    return {
      ...this.#describe(tokenId, chosen),
      top: top.map((entry) => this.#describe(entry.tokenId, entry.logprob)),
    };
  }

  #describe(id: number, logprob: number): TokenLogprob {
    const bytes = this.#tokenizer.tokenBytes(id);
    return { id, text: new TextDecoder().decode(bytes), bytes: [...bytes], logprob };
  }
}
