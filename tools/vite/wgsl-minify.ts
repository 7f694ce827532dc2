/**
 * Makes WGSL small for the bundle: no comments, no blanks, short names. Files are joined at run time, so the names of
 * their functions, bindings and members are shortened in all files alike, and only those of locals file by file. Knows
 * tokens and braces, not types: what it cannot be sure of keeps its name.
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

/** Where a name stands: after a point or declared in a struct, or anywhere else. */
type Role = 'member' | 'plain';

/** Visits the words of a source that may be names of ours, with what they are where they stand. */
function visitNames(
  tokens: readonly Token[],
  visit: (index: number, role: Role, isDeclared: boolean, isTopLevel: boolean) => void,
): void {
  let depth = 0;
  let isInStruct = false;
  for (const [index, { text, isWord }] of tokens.entries()) {
    if (text === '{' || text === '(') depth++;
    if (text === '}' || text === ')') depth--;
    if (text === '{' && tokens[index - 2]?.text === 'struct') isInStruct = true;
    if (text === '}') isInStruct = false;
    if (!isWord) continue;
    const before = tokens[index - 1]?.text;
    // Attributes and the values that they name are the language's: `@builtin(position)`.
    if (before === '@') continue;
    if (before === '(' && tokens[index - 2]?.text === 'builtin' && tokens[index - 3]?.text === '@') continue;
    const isAnnotated = tokens[index + 1]?.text === ':';
    const isMember = before === '.' || (isInStruct && isAnnotated);
    const isDeclared = isAnnotated || isAfterKeyword(tokens, index);
    visit(index, isMember ? 'member' : 'plain', isDeclared, depth === 0);
  }
}

/** Whether `let`, `var<storage, read>` or the like stands before the word. */
function isAfterKeyword(tokens: readonly Token[], index: number): boolean {
  let before = index - 1;
  if (tokens[before]?.text === '>') while (before > 0 && tokens[before]!.text !== '<') before--;
  if (tokens[before]?.text === '<') before--;
  return /^(?:alias|const|fn|let|struct|var)$/.test(tokens[before]?.text ?? '');
}

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');

/** Short names in order. The second letter is no small one, so that no word of the language is among them. */
function* shortNames(minLength: 1 | 2, taken: ReadonlySet<string>): Generator<string, never> {
  const tails = '0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
  // Nothing like f16 or u32 either.
  const fresh = (name: string) => !taken.has(name) && !/^[fiu]\d/.test(name);
  if (minLength === 1) yield* letters.filter(fresh);
  for (let more = ['']; ; more = more.flatMap((tail) => tails.map((next) => tail + next))) {
    for (const tail of tails)
      yield* more.flatMap((middle) => letters.map((first) => first + tail + middle)).filter(fresh);
  }
}

/** Names, the most frequent first. */
function byFrequency(counts: ReadonlyMap<string, number>): string[] {
  return [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([name]) => name);
}

/** Gives the most frequent names the shortest; a name that would not shrink keeps what it has. */
function assign(counts: ReadonlyMap<string, number>, shorts: Iterator<string>): Map<string, string> {
  const plan = new Map<string, string>();
  for (const name of byFrequency(counts)) {
    if (name.length === 1) continue;
    plan.set(name, shorts.next().value as string);
  }
  return plan;
}

/** Short names for what several files may share. */
export interface NamePlan {
  /** Functions, bindings, constants, types: what stands outside of any brace. */
  readonly globals: ReadonlyMap<string, string>;
  /** Members of structs. */
  readonly members: ReadonlyMap<string, string>;
  /** Letters that locals of a name get wherever they are free, the most frequent first: what is alike stays alike. */
  readonly locals: ReadonlyMap<string, string>;
  /** What no local may be called, beside the letters of its file: words of all files, and the short names of globals. */
  readonly taken: ReadonlySet<string>;
}

function count(counts: Map<string, number>, name: string): void {
  counts.set(name, (counts.get(name) ?? 0) + 1);
}

/**
 * Plans the names that are shortened alike in all files.
 * @param sources all files that may be joined with each other
 */
export function planNames(sources: readonly string[]): NamePlan {
  const files = sources.map(tokenize);
  const [globals, members] = [new Set<string>(), new Set<string>()];
  const kept = new Set(keptNames);
  for (const tokens of files) {
    visitNames(tokens, (index, role, isDeclared, isTopLevel) => {
      const { text } = tokens[index]!;
      // The host sets overrides by their names.
      if (tokens[index - 1]?.text === 'override') kept.add(text);
      else if (isDeclared && role === 'member') members.add(text);
      else if (isDeclared && isTopLevel) globals.add(text);
    });
  }
  const [globalCounts, memberCounts] = [new Map<string, number>(), new Map<string, number>()];
  for (const tokens of files) {
    visitNames(tokens, (index, role) => {
      const { text } = tokens[index]!;
      if (kept.has(text)) return;
      if (role === 'plain' && globals.has(text)) count(globalCounts, text);
      if (role === 'member' && members.has(text) && !swizzle.test(text)) count(memberCounts, text);
    });
  }
  const words = new Set([...kept, ...files.flat().map(({ text }) => text)]);
  const globalNames = assign(globalCounts, shortNames(2, words));
  const localCounts = new Map<string, number>();
  for (const tokens of files) {
    for (const [name, times] of countLocals(tokens, globals)) {
      localCounts.set(name, (localCounts.get(name) ?? 0) + times);
    }
  }
  return {
    globals: globalNames,
    members: assign(memberCounts, shortNames(1, words)),
    locals: new Map(byFrequency(localCounts).map((name, i) => [name, letters[i % letters.length]!])),
    taken: new Set([...[...words].filter((word) => word.length > 1), ...globalNames.values()]),
  };
}

/** How often a file names each of its own locals and parameters. */
function countLocals(tokens: readonly Token[], globals: { has(name: string): boolean }): Map<string, number> {
  const declared = new Set<string>();
  visitNames(tokens, (index, role, isDeclared, isTopLevel) => {
    const { text } = tokens[index]!;
    const isOurs = isDeclared && !isTopLevel && !globals.has(text) && !keptNames.has(text);
    if (isOurs && role === 'plain') declared.add(text);
  });
  const counts = new Map<string, number>();
  visitNames(tokens, (index, role) => {
    const { text } = tokens[index]!;
    if (role === 'plain' && declared.has(text)) count(counts, text);
  });
  return counts;
}

/** Short names for a file's own locals and parameters: those that the plan wishes, or others where two wish the same. */
function planLocals(tokens: readonly Token[], { globals, locals, taken }: NamePlan): Map<string, string> {
  const counts = countLocals(tokens, globals);
  const used = new Set(tokens.map(({ text }) => text).filter((text) => text.length === 1));
  const wishes = new Map<string, string>();
  for (const [name, letter] of locals) {
    if (!counts.has(name) || name.length === 1 || used.has(letter)) continue;
    wishes.set(name, letter);
    used.add(letter);
  }
  const others = new Map([...counts].filter(([name]) => !wishes.has(name)));
  return new Map([...wishes, ...assign(others, shortNames(1, new Set([...taken, ...used])))]);
}

/** The source without comments and needless blanks, its names shortened as planned. */
export function minifyWgsl(source: string, plan: NamePlan): string {
  const tokens = tokenize(source);
  const locals = planLocals(tokens, plan);
  const renamed = new Map<number, string>();
  visitNames(tokens, (index, role) => {
    const { text } = tokens[index]!;
    const name = role === 'member' ? plan.members.get(text) : (plan.globals.get(text) ?? locals.get(text));
    if (name) renamed.set(index, name);
  });
  const isSticky = ({ isWord, isNumber }: Token) => isWord || isNumber;
  const isOperator = ({ text }: Token) => /^[-+*/%&|^<>=!]$/.test(text);
  let result = '';
  for (const [index, current] of tokens.entries()) {
    const previous = tokens[index - 1];
    const mustPart =
      previous !== undefined &&
      current.isApart &&
      ((isSticky(previous) && isSticky(current)) || (isOperator(previous) && isOperator(current)));
    result += (mustPart ? ' ' : '') + (renamed.get(index) ?? current.text);
  }
  return shortenNotation(result);
}

/** WGSL's own shorter ways to write the same: `vec4f`, `1.`, no comma at the end of a list. */
function shortenNotation(source: string): string {
  return source
    .replace(/\b(vec[234]|mat[234]x[234])<([fiu])32>/g, '$1$2')
    .replace(/(?<![\w.])(\d+\.)0+(?![\w.])/g, '$1')
    .replace(/,(?=[)}])/g, '');
}
