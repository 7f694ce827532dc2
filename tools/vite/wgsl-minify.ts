/**
 * Makes WGSL small for the bundle: no comments, no blanks, short names. Files of one program are joined at run time, so a
 * name is shortened in all files alike. Knows tokens, not syntax: what it cannot be sure of keeps its name.
 */

const token =
  /\/\/.*|\/\*|(?<word>[A-Za-z_]\w*)|(?<number>0[xX][\da-fA-F]+[iu]?|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?[fhiu]?)|(?<sign>\S)/y;

interface Token {
  readonly text: string;
  readonly isWord: boolean;
  readonly isNumber: boolean;
  /** Whether blanks or a comment stood before it. */
  readonly isApart: boolean;
}

/** Names that the host sets (overrides), or that WGSL gives a meaning to wherever they stand. */
const keptNames = new Set(
  (
    'main alias break case const const_assert continue continuing default diagnostic discard else enable false fn for if ' +
    'let loop override requires return struct switch true var while read write read_write function private workgroup ' +
    'uniform storage array atomic bool f16 f32 i32 u32 vec2 vec3 vec4 mat2x2 mat2x3 mat2x4 mat3x2 mat3x3 mat3x4 mat4x2 ' +
    'mat4x3 mat4x4 ptr abs acos acosh all any arrayLength asin asinh atan atan2 atanh atomicAdd atomicLoad atomicMax ' +
    'atomicMin atomicStore bitcast ceil clamp cos cosh countLeadingZeros countOneBits countTrailingZeros cross degrees ' +
    'determinant distance dot dot4I8Packed dot4U8Packed exp exp2 extractBits firstLeadingBit firstTrailingBit floor fma ' +
    'fract frexp insertBits inverseSqrt ldexp length log log2 max min mix modf normalize old_value exchanged ' +
    'pack2x16float pack4x8snorm pack4x8unorm pack4xI8 pack4xU8 pow quantizeToF16 radians reflect reverseBits round ' +
    'saturate select sign sin sinh smoothstep sqrt step storageBarrier subgroupAdd subgroupAll subgroupAny ' +
    'subgroupBroadcast subgroupBroadcastFirst subgroupElect subgroupExclusiveAdd subgroupInclusiveAdd subgroupMax ' +
    'subgroupMin subgroupShuffle subgroupShuffleDown subgroupShuffleUp subgroupShuffleXor tan tanh transpose trunc ' +
    'unpack2x16float unpack4x8snorm unpack4x8unorm unpack4xI8 unpack4xU8 whole workgroupBarrier workgroupUniformLoad'
  ).split(' '),
);

/** Parts of a vector: after a point they are no names of ours. */
const swizzle = /^[xyzwrgba]{1,4}$/;

/** The tokens of a source without its comments. @throws Error for a character that is no WGSL */
function tokenize(source: string): Token[] {
  const tokens: Token[] = [];
  let isApart = false;
  for (let at = 0; at < source.length;) {
    if (/\s/.test(source[at]!)) {
      isApart = true;
      at++;
      continue;
    }
    token.lastIndex = at;
    const match = token.exec(source);
    if (!match) throw new Error(`WGSL has no token that begins with '${source[at]}'.`);
    const text = match[0];
    if (text === '/*') at = endOfBlockComment(source, at);
    else at += text.length;
    if (text === '/*' || text.startsWith('//')) {
      isApart = true;
      continue;
    }
    const { word, number } = match.groups!;
    tokens.push({ text, isWord: word !== undefined, isNumber: number !== undefined, isApart });
    isApart = false;
  }
  return tokens;
}

/** Index after the block comment that begins at `start`; such comments nest. */
function endOfBlockComment(source: string, start: number): number {
  const edges = /\/\*|\*\//g;
  edges.lastIndex = start;
  let depth = 0;
  for (let match = edges.exec(source); match; match = edges.exec(source)) {
    depth += match[0] === '/*' ? 1 : -1;
    if (depth === 0) return edges.lastIndex;
  }
  throw new Error('A block comment in WGSL has no end.');
}

/** Names that a source declares: after a keyword, or before a colon, as members and parameters are. */
function declaredNames(tokens: readonly Token[]): Set<string> {
  const names = new Set<string>();
  for (const [index, { text, isWord }] of tokens.entries()) {
    if (!isWord) continue;
    let before = index - 1;
    // `var<storage, read> name`: back over the template to the keyword.
    if (tokens[before]?.text === '>') while (before > 0 && tokens[before]!.text !== '<') before--;
    if (tokens[before]?.text === '<') before--;
    const isAfterKeyword = /^(?:alias|const|fn|let|struct|var)$/.test(tokens[before]?.text ?? '');
    if (isAfterKeyword || tokens[index + 1]?.text === ':') names.add(text);
  }
  return names;
}

/** Short names in order: a0 … z9, aa0 …, without the letters of WGSL's own f16, i32 and u32. */
function shortName(index: number): string {
  const letters = 'abcdeghjklmnopqrstvwxyz';
  let rest = Math.floor(index / 10);
  let name = letters[rest % letters.length]!;
  while (rest >= letters.length) {
    rest = Math.floor(rest / letters.length) - 1;
    name = letters[rest % letters.length]! + name;
  }
  return `${name}${index % 10}`;
}

/**
 * A short name for every name that the sources declare and that nothing outside them uses; the most frequent get the
 * shortest.
 * @param sources all files that may be joined with each other
 */
export function planNames(sources: readonly string[]): Map<string, string> {
  const files = sources.map(tokenize);
  const declared = new Set(files.flatMap((tokens) => [...declaredNames(tokens)]));
  const counts = new Map<string, number>();
  const kept = new Set(keptNames);
  for (const tokens of files) {
    for (const [index, { text, isWord }] of tokens.entries()) {
      if (!isWord) continue;
      // The host sets overrides by their names.
      if (tokens[index - 1]?.text === 'override') kept.add(text);
      if (declared.has(text)) counts.set(text, (counts.get(text) ?? 0) + 1);
    }
  }
  const taken = new Set(files.flat().map(({ text }) => text));
  const plan = new Map<string, string>();
  let next = 0;
  for (const [name] of [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))) {
    if (kept.has(name) || swizzle.test(name) || name.length < 3) continue;
    let short: string;
    do short = shortName(next++);
    while (taken.has(short));
    if (short.length < name.length) plan.set(name, short);
  }
  return plan;
}

/** The source without comments and needless blanks, with its names shortened as planned. */
export function minifyWgsl(source: string, names: ReadonlyMap<string, string>): string {
  const tokens = tokenize(source);
  const isSticky = ({ isWord, isNumber }: Token) => isWord || isNumber;
  const isOperator = ({ text }: Token) => /^[-+*/%&|^<>=!]$/.test(text);
  // Attributes and the values that they name are the language's: `@builtin(position)`.
  const isAttribute = (index: number) =>
    tokens[index - 1]?.text === '@' ||
    (tokens[index - 1]?.text === '(' &&
      tokens[index - 2]?.text === 'builtin' &&
      tokens[index - 3]?.text === '@');
  let result = '';
  for (const [index, current] of tokens.entries()) {
    const previous = tokens[index - 1];
    const mustPart =
      previous !== undefined &&
      current.isApart &&
      ((isSticky(previous) && isSticky(current)) || (isOperator(previous) && isOperator(current)));
    const name = current.isWord && !isAttribute(index) ? names.get(current.text) : undefined;
    result += (mustPart ? ' ' : '') + (name ?? current.text);
  }
  return result;
}
