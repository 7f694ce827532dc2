/** The syntax of regular expressions with JavaScript's flag `u`, as far as patterns of tokenizers have it. Pure. */

/** A part of a pattern. */
export type PatternNode =
  | { kind: 'character'; accepts: (code: number) => boolean }
  | { kind: 'sequence'; parts: readonly PatternNode[] }
  | { kind: 'alternatives'; options: readonly PatternNode[] }
  | { kind: 'repeat'; body: PatternNode; least: number; most: number; isLazy: boolean }
  | { kind: 'look'; body: PatternNode; isBehind: boolean; isNegative: boolean };

const groupStart = /\((?:\?(?:(<?[=!])|:|<[\p{L}_][\p{L}\p{N}_]*>))?/uy;
const quantifier = /(?:([*+?])|\{(\d+)(?:(,)(\d*))?\})(\?)?/y;
/** A class, an escape of one character, or the character itself. */
const character =
  /\[(?:\\.|[^\]\\])*\]|\\[pP]\{[^}]*\}|\\u\{[\dA-Fa-f]+\}|\\u[dD][89abAB][\dA-Fa-f]{2}\\u[dD][c-fC-F][\dA-Fa-f]{2}|\\u[\dA-Fa-f]{4}|\\x[\dA-Fa-f]{2}|\\c[A-Za-z]|\\[dDsSwWtnrfv0^$\\.*+?()[\]{}|/-]|[^\\[\](){}|*+?^$]/suy;
const maxDepth = 100;

/** @throws SyntaxError for what it does not know, such as back references */
export function parsePattern(source: string): PatternNode {
  let at = 0;
  let depth = 0;

  const take = (pattern: RegExp): RegExpExecArray | undefined => {
    pattern.lastIndex = at;
    const found = pattern.exec(source);
    if (found) at += found[0].length;
    return found ?? undefined;
  };

  const alternatives = (): PatternNode => {
    if (++depth > maxDepth) throw new SyntaxError('its groups lie too deep within each other');
    const options = [sequence()];
    while (source[at] === '|') {
      at++;
      options.push(sequence());
    }
    depth--;
    return options.length === 1 ? options[0]! : { kind: 'alternatives', options };
  };

  const sequence = (): PatternNode => {
    const parts: PatternNode[] = [];
    while (at < source.length && source[at] !== '|' && source[at] !== ')') parts.push(repeated(atom()));
    return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts };
  };

  const atom = (): PatternNode => {
    const group = take(groupStart);
    if (group) {
      const body = alternatives();
      if (source[at++] !== ')') throw new SyntaxError('a group has no end');
      const look = group[1];
      if (look === undefined) return body;
      return { kind: 'look', body, isBehind: look.startsWith('<'), isNegative: look.endsWith('!') };
    }
    const found = take(character);
    if (!found) throw new SyntaxError(`${JSON.stringify(source.slice(at, at + 8))} is not known here`);
    return { kind: 'character', accepts: membership(found[0]) };
  };

  const repeated = (body: PatternNode): PatternNode => {
    const found = take(quantifier);
    if (!found) return body;
    const [, sign, least, comma, most, lazy] = found;
    const isLazy = lazy !== undefined;
    if (sign)
      return { kind: 'repeat', body, least: sign === '+' ? 1 : 0, most: sign === '?' ? 1 : Infinity, isLazy };
    const upper = most ? Number(most) : comma ? Infinity : Number(least);
    return { kind: 'repeat', body, least: Number(least), most: upper, isLazy };
  };

  const pattern = alternatives();
  if (at < source.length) throw new SyntaxError('a group ends that has not begun');
  return pattern;
}

/** Whether a class has a code point: asked of the browser, once each. */
function membership(atom: string): (code: number) => boolean {
  const pattern = new RegExp(`^${atom}$`, 'su');
  const known = new Map<number, boolean>();
  return (code) => {
    let isIn = known.get(code);
    if (isIn === undefined) known.set(code, (isIn = pattern.test(String.fromCodePoint(code))));
    return isIn;
  };
}
