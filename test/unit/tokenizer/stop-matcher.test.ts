import { describe, expect, test } from 'vitest';
import { StopMatcher } from '../../../src/tokenizer/stop-matcher';
import { randomSource } from '../../../tools/util/random';

/** Feeds the pieces; gives the texts shown, the flushed rest last where nothing stopped. */
function run(stops: string[], pieces: string[]): { shown: string[]; isStopped: boolean } {
  const matcher = new StopMatcher(stops);
  const shown: string[] = [];
  for (const piece of pieces) {
    const { text, isStopped } = matcher.push(piece);
    shown.push(text);
    if (isStopped) return { shown, isStopped };
  }
  shown.push(matcher.flush());
  return { shown, isStopped: false };
}

/** Plain definition: the shortest prefix that ends with a stop string, cut before the longest such one. */
function cutByDefinition(stops: string[], text: string): { text: string; isStopped: boolean } {
  for (let end = 1; end <= text.length; end++) {
    const found = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((stop) => stop.length);
    if (found.length > 0) return { text: text.slice(0, end - Math.max(...found)), isStopped: true };
  }
  return { text, isStopped: false };
}

/** How much of the end of `text` could still begin a stop string. */
function numUndecided(stops: string[], text: string): number {
  for (let length = text.length; length > 0; length--) {
    if (stops.some((stop) => stop.startsWith(text.slice(text.length - length)))) return length;
  }
  return 0;
}

describe('stop strings', () => {
  test('without any, text passes at once', () => {
    expect(run([], ['a', '', 'bc'])).toEqual({ shown: ['a', '', 'bc', ''], isStopped: false });
  });

  test('span pieces and are cut off', () => {
    expect(run(['\n\nUser:'], ['Yes.\n', '\nUs', 'er: more'])).toEqual({
      shown: ['Yes.', '', ''],
      isStopped: true,
    });
  });

  test('only what could become one is held back, and let go when it cannot', () => {
    expect(run(['abac'], ['xab', 'a', 'b', 'z', 'ab'])).toEqual({
      shown: ['x', '', 'ab', 'abz', '', 'ab'],
      isStopped: false,
    });
  });

  test('the one complete first wins, of those the longest', () => {
    expect(run(['abcd', 'bc'], ['xabcd']).shown).toEqual(['xa']);
    expect(run(['bc', 'abc', 'c'], ['xabcd']).shown).toEqual(['x']);
    expect(run(['STOP', 'STOP NOW'], ['go STOP NOW']).shown).toEqual(['go ']);
  });

  test('after a stop nothing comes any more', () => {
    const matcher = new StopMatcher(['.']);
    expect(matcher.push('a.b')).toEqual({ text: 'a', isStopped: true });
    expect(matcher.push('more')).toEqual({ text: '', isStopped: true });
    expect(matcher.flush()).toBe('');
  });

  test('a surrogate pair is not torn by a stop string beside it', () => {
    expect(run(['🦙'], ['🦊', '🦙']).shown).toEqual(['🦊', '']);
  });

  test('an empty one is a bug of the caller within', () => {
    expect(() => new StopMatcher([''])).toThrow(/not empty/);
  });

  test('random texts, stops and cuts agree with the definition', () => {
    const random = randomSource(11);
    const below = (n: number) => Math.floor(random() * n);
    const word = (length: number) => Array.from({ length }, () => 'ab'[below(2)]).join('');
    let numStopped = 0;
    for (let i = 0; i < 2000; i++) {
      const stops = Array.from({ length: 1 + below(3) }, () => word(1 + below(7)));
      const pieces = Array.from({ length: 1 + below(8) }, () => word(below(4)));
      const expected = cutByDefinition(stops, pieces.join(''));
      const { shown, isStopped } = run(stops, pieces);
      expect({ text: shown.join(''), isStopped }, JSON.stringify({ stops, pieces })).toEqual(expected);
      if (isStopped) numStopped++;
      else {
        pieces.forEach((_, at) => {
          const seen = pieces.slice(0, at + 1).join('');
          const numShown = shown.slice(0, at + 1).join('').length;
          expect(seen.length - numShown).toBe(numUndecided(stops, seen));
        });
      }
    }
    expect(numStopped).toBeGreaterThan(500);
    expect(numStopped).toBeLessThan(1900);
  });

  test('a long stop string that nearly matches everywhere', () => {
    // A matcher that starts again at each place would take 10^10 comparisons here and never end.
    const matcher = new StopMatcher([`${'a'.repeat(100_000)}b`]);
    let numShown = 0;
    for (let i = 0; i < 2000; i++) numShown += matcher.push('a'.repeat(100)).text.length;
    expect(numShown).toBe(100_000);
    expect(matcher.flush().length).toBe(100_000);
  });
});
