/** A tokenizer's patterns, which somebody else wrote: found in a text within bounds, or refused by name. */
import { SplitPreTokenizer } from '@huggingface/tokenizers';
import { asObject, asString } from '../../util/json';
import { kindOfPattern } from './pattern-kind';
import type { Span } from './pattern-matcher';
import type { WorkLimits } from './work-limits';

/** Finds a pattern in texts. */
interface Pattern {
  /** Its matches in a text, from left to right. */
  find(text: string, limits: WorkLimits): Iterable<Span>;
}

/** pattern-matcher.ts's class: few tokenizers need it, so it comes from outside. */
export type MatcherClass = new (source: string) => { find(text: string): Span[] };

/**
 * Compiles the `pattern` of a Split or Replace: `{ String }` or `{ Regex }` in Oniguruma's syntax.
 * @param Matcher For patterns that the browser may not run.
 * @throws SyntaxError where it cannot be followed, or needs the matcher and there is none
 */
export function compilePattern(json: unknown, Matcher: MatcherClass | undefined): Pattern {
  const literal = asString(asObject(json)?.String);
  if (literal !== undefined) return { find: (text) => literalSpans(text, literal) };
  const source = javaScriptSource(json);
  const kind = kindOfPattern(source);
  if (kind === 'unknown') {
    if (!Matcher) throw new SyntaxError('it needs a matcher of its own');
    const matcher = new Matcher(source);
    return { find: (text) => matcher.find(text) };
  }
  const isLinear = kind === 'linear';
  const regex = new RegExp(source, isLinear ? 'gu' : 'uy');
  return { find: (text, limits) => (isLinear ? allSpans(text, regex) : oneByOne(text, regex, limits)) };
}

/** Whether `compilePattern` needs a matcher for it. */
export function needsMatcher(json: unknown): boolean {
  try {
    return asObject(json)?.Regex !== undefined && kindOfPattern(javaScriptSource(json)) === 'unknown';
  } catch {
    // It is refused by name when it is compiled.
    return false;
  }
}

/** How JavaScript writes a pattern that is in Oniguruma's syntax, by the tokenizers package. */
function javaScriptSource(json: unknown): string {
  const regex = asString(asObject(json)?.Regex);
  if (regex === undefined) throw new SyntaxError('it is neither a String nor a Regex');
  if (/\\(?:[1-9k])/.test(regex.replaceAll('\\\\', ''))) throw new SyntaxError('it refers back to a group');
  const { pattern } = new SplitPreTokenizer({
    type: 'Split',
    pattern: { Regex: regex },
    behavior: 'Isolated',
    invert: false,
  });
  return pattern!.source;
}

function* literalSpans(text: string, literal: string): Generator<Span> {
  if (literal === '') return;
  for (let at = text.indexOf(literal); at >= 0; at = text.indexOf(literal, at + literal.length))
    yield [at, at + literal.length];
}

function* allSpans(text: string, regex: RegExp): Generator<Span> {
  for (const { 0: match, index } of text.matchAll(regex)) yield [index, index + match.length];
}

/** Tries one place after the other: an attempt that fails behind all of the text may do so at each of them. */
function* oneByOne(text: string, regex: RegExp, limits: WorkLimits): Generator<Span> {
  for (let at = 0; at <= text.length;) {
    limits.check();
    regex.lastIndex = at;
    const match = regex.exec(text)?.[0];
    if (match !== undefined) yield [at, at + match.length];
    at += match ? match.length : (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
  }
}
