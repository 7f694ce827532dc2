/** A request fed with tokens as the GPU would sample them: events, stop strings, ends, failures. */
import { describe, expect, test } from 'vitest';
import { FollowedAnswer } from '../../../src/grammar/followed-answer';
import type { AnswerConstraint } from '../../../src/loop/answer-constraint';
import type { GenerationRequest } from '../../../src/loop/generation';
import type { GenerationEvent } from '../../../src/loop/generation-event';
import { RunningRequest } from '../../../src/loop/running-request';
import type { SampledToken } from '../../../src/sampler/results';
import { Tokenizer } from '../../../src/tokenizer/tokenizer';
import { requestOf } from '../../../tools/node/requests';
import { byteLevelJson } from '../tokenizer/small-tokenizers';

// Token ids below 256 are bytes; 256 and 257 are the special tokens <s> and </s>.
const tokenizer = Tokenizer.fromJson(byteLevelJson(), undefined);
const eos = 257;

const bytesOf = (text: string) => [...new TextEncoder().encode(text)];
const sampled = (tokenId: number, isDone = false): SampledToken => ({
  tokenId,
  isDone,
  wasDone: false,
  isBroken: false,
  logprobs: undefined,
});

function start(
  options: Partial<GenerationRequest> = {},
  maxSampled = 100,
  constraint?: AnswerConstraint,
): RunningRequest {
  const running = new RunningRequest(
    requestOf([1, 2, 3], options),
    { ids: [1, 2, 3] },
    maxSampled,
    tokenizer,
    constraint,
  );
  expect(running.phase).toBe('waiting');
  running.start({ index: 0, tokens: [1, 2, 3], numStored: 3, lastUsed: 0 }, 2);
  return running;
}

/** Everything that a finished request sent, without what takes time. */
async function eventsOf(running: RunningRequest) {
  const events: GenerationEvent[] = [];
  for await (const event of running.events) events.push(event);
  const text = events.map((event) => (event.kind === 'delta' ? event.text : '')).join('');
  const ids = events.flatMap((event) => (event.kind === 'delta' ? event.tokenIds : []));
  return { events, text, ids, end: events.at(-1) };
}

/** Confirms tokens until the request has ended; returns how many it took. */
function feed(running: RunningRequest, ids: readonly number[]): number {
  let count = 0;
  for (const id of ids) {
    if ((running.phase as string) === 'finished') break;
    running.confirm(sampled(id));
    count++;
  }
  return count;
}

test('one start, a delta a token, one end with exact counts', async () => {
  const running = start({}, 3);
  expect(running.phase).toBe('prefilling');
  feed(running, bytesOf('abc'));
  expect(running.phase).toBe('finished');
  const { events, text, ids } = await eventsOf(running);
  expect(events.map(({ kind }) => kind)).toEqual(['start', 'delta', 'delta', 'delta', 'end']);
  expect(events[0]).toEqual({ kind: 'start', numPromptTokens: 3, numCachedTokens: 2 });
  expect([text, ids]).toEqual(['abc', bytesOf('abc')]);
  expect(events.at(-1)).toMatchObject({
    finishReason: 'length',
    numPromptTokens: 3,
    numCachedTokens: 2,
    numCompletionTokens: 3,
  });
  const { timings } = events.at(-1) as Extract<GenerationEvent, { kind: 'end' }>;
  expect(timings.stepMs.length).toBe(2);
  expect(running.sequence!.tokens).toEqual([1, 2, 3, ...bytesOf('abc')]);
});

test('an end-of-sequence token ends it, is counted, and is neither text nor delta', async () => {
  const running = start();
  feed(running, bytesOf('ab'));
  running.confirm(sampled(eos, true));
  const { text, ids, end } = await eventsOf(running);
  expect([text, ids]).toEqual(['ab', bytesOf('ab')]);
  expect(end).toMatchObject({ finishReason: 'stop', numCompletionTokens: 3 });
});

test('an end-of-sequence token as the very last allowed one is a stop', async () => {
  const running = start({}, 1);
  running.confirm(sampled(eos, true));
  expect((await eventsOf(running)).end).toMatchObject({ finishReason: 'stop', numCompletionTokens: 1 });
});

describe('stop strings', () => {
  test('spanning tokens: nothing of them is shown, and later tokens are not taken', async () => {
    const running = start({ stop: ['STOP'] });
    expect(feed(running, bytesOf('go onSTOP and more'))).toBe(9);
    const { text, ids, end } = await eventsOf(running);
    expect(text).toBe('go on');
    expect(ids.length).toBe(9);
    expect(end).toMatchObject({ finishReason: 'stop', numCompletionTokens: 9 });
  });

  test('a beginning that comes to nothing is shown after all', async () => {
    const running = start({ stop: ['STOP'] }, 6);
    feed(running, bytesOf('STO it'));
    expect((await eventsOf(running)).text).toBe('STO it');
  });

  test('a beginning at the limit is shown: the answer ended before the stop string did', async () => {
    const running = start({ stop: ['STOP'] }, 5);
    feed(running, bytesOf('abSTOP'));
    const { text, end } = await eventsOf(running);
    expect(text).toBe('abSTO');
    expect(end).toMatchObject({ finishReason: 'length', numCompletionTokens: 5 });
  });

  test('a beginning before an end-of-sequence token is shown', async () => {
    const running = start({ stop: ['STOP'] });
    feed(running, bytesOf('abST'));
    running.confirm(sampled(eos, true));
    const { text, end } = await eventsOf(running);
    expect(text).toBe('abST');
    expect(end).toMatchObject({ finishReason: 'stop' });
  });

  test('the token that completes it at the limit is a stop', async () => {
    const running = start({ stop: ['bc'] }, 3);
    feed(running, bytesOf('abc'));
    const { text, end } = await eventsOf(running);
    expect(text).toBe('a');
    expect(end).toMatchObject({ finishReason: 'stop', numCompletionTokens: 3 });
  });

  test('with characters of several bytes', async () => {
    const running = start({ stop: ['é!'] });
    feed(running, bytesOf('café!?'));
    expect((await eventsOf(running)).text).toBe('caf');
  });
});

test('half a character waits for its other half, and at the limit shows as U+FFFD', async () => {
  const whole = start({}, 2);
  feed(whole, bytesOf('é'));
  const { events } = await eventsOf(whole);
  expect(events.flatMap((event) => (event.kind === 'delta' ? [event.text] : []))).toEqual(['', 'é']);
  const half = start({}, 2);
  feed(half, bytesOf('aé'));
  expect((await eventsOf(half)).text).toBe('a\ufffd');
});

test('log-probabilities carry text and bytes of each token, beside its own delta', async () => {
  const running = start({ logprobs: 2 }, 1);
  running.confirm({
    ...sampled(0xc3),
    logprobs: {
      chosen: -0.5,
      top: [
        { tokenId: 0x61, logprob: -0.25 },
        { tokenId: 0xc3, logprob: -0.5 },
      ],
    },
  });
  const { events } = await eventsOf(running);
  expect(events[1]).toEqual({
    kind: 'delta',
    text: '',
    tokenIds: [0xc3],
    logprobs: [
      {
        id: 0xc3,
        text: '\ufffd',
        bytes: [0xc3],
        logprob: -0.5,
        top: [
          { id: 0x61, text: 'a', bytes: [0x61], logprob: -0.25 },
          { id: 0xc3, text: '\ufffd', bytes: [0xc3], logprob: -0.5 },
        ],
      },
    ],
  });
});

test('a token that the tokenizer does not know has no text and does no harm', async () => {
  const running = start({}, 3);
  feed(running, [0x61, 100_000, 0x62]);
  const { text, ids } = await eventsOf(running);
  expect([text, ids]).toEqual(['ab', [0x61, 100_000, 0x62]]);
});

test('a failure comes after what was sent before, and is the very error given', async () => {
  const running = start();
  feed(running, bytesOf('ab'));
  const reason = { why: 'the caller said so' };
  running.fail(reason);
  expect(running.phase).toBe('finished');
  const seen: string[] = [];
  const reading = (async () => {
    for await (const event of running.events) seen.push(event.kind);
  })();
  await expect(reading).rejects.toBe(reason);
  expect(seen).toEqual(['start', 'delta', 'delta']);
});

describe('an answer that is held to a format', () => {
  /** `ab`, `ac`, or `dee`, one byte a token; behind `f` nothing goes on. */
  class Grammar {
    text = '';
    get #next(): string[] {
      return { '': ['a', 'd', 'f'], a: ['b', 'c'], d: ['e'], de: ['e'] }[this.text] ?? [];
    }
    get mask(): Uint32Array {
      const mask = new Uint32Array(9);
      for (const letter of this.#next) mask[letter.charCodeAt(0) >>> 5]! |= 1 << (letter.charCodeAt(0) & 31);
      return mask;
    }
    get onlyToken(): number | undefined {
      return this.#next.length === 1 ? this.#next[0]!.charCodeAt(0) : undefined;
    }
    get isComplete(): boolean {
      return ['ab', 'ac', 'dee'].includes(this.text);
    }
    advance(bytes: Uint8Array): Error | undefined {
      this.text += new TextDecoder().decode(bytes);
      return this.text === 'f' ? new RangeError('no way') : undefined;
    }
    reset(): void {
      this.text = '';
    }
  }
  const follow = (grammar: Grammar) => new FollowedAnswer(grammar, (id) => tokenizer.tokenBytes(id));

  test('goes on only when its token has arrived, and ends when it is whole', async () => {
    const constraint = follow(new Grammar());
    const running = start({}, 100, constraint);
    running.endPrefill();
    expect(running.isHeld).toBe(true);
    running.confirm(sampled('a'.charCodeAt(0)));
    expect(running.isHeld).toBe(false);
    expect(running.nextHistory()).toMatchObject({
      promptTokens: [1, 2, 3],
      answerTokens: [97],
      allowed: constraint.mask,
    });
    running.countStep();
    expect(running.isHeld).toBe(true);
    running.confirm(sampled('c'.charCodeAt(0)));
    const { text, end } = await eventsOf(running);
    expect(text).toBe('ac');
    expect(end).toMatchObject({ finishReason: 'stop', numCompletionTokens: 2 });
  });

  test('does not wait for tokens that are certain', async () => {
    const constraint = follow(new Grammar());
    const running = start({}, 100, constraint);
    running.endPrefill();
    running.confirm(sampled(100));
    running.countStep();
    expect([running.isHeld, running.nextHistory()!.answerTokens]).toEqual([false, [100, 101]]);
    running.countStep();
    // Nothing may follow the last one: no step waits behind it.
    expect(running.isHeld).toBe(true);
    running.confirm(sampled(101));
    expect([running.isHeld, running.isOver()]).toEqual([true, false]);
    running.confirm(sampled(101));
    const { text, end } = await eventsOf(running);
    expect(text).toBe('dee');
    expect(end).toMatchObject({ finishReason: 'stop', numCompletionTokens: 3 });
  });

  test('begins anew after a lost device, and comes to where it was', () => {
    const grammar = new Grammar();
    const running = start({}, 100, follow(grammar));
    running.endPrefill();
    running.confirm(sampled(97));
    running.interrupt();
    expect(grammar.text).toBe('');
    expect(running.nextHistory()!.answerTokens).toEqual([]);
    running.start({ index: 0, tokens: [1, 2, 3], numStored: 3, lastUsed: 0 }, 2);
    running.endPrefill();
    expect([running.isHeld, running.knownId(0)]).toEqual([true, 97]);
    running.confirm(sampled(5));
    expect([running.isHeld, grammar.text]).toEqual([false, 'a']);
  });

  test('fails where no token keeps to it', async () => {
    const running = start({}, 100, follow(new Grammar()));
    running.endPrefill();
    running.confirm(sampled(102));
    expect(running.isOver()).toBe(true);
    await expect(eventsOf(running)).rejects.toThrow('no way');
  });
});
