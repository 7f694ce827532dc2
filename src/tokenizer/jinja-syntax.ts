/**
 * What @huggingface/jinja's lexer and parser do not know of Jinja's syntax, written in words that they know: `raw`, `with`,
 * recursive loops, tests with arguments, chains of comparisons, escapes in strings. And a mark at each value to be printed.
 */
import { parse, tokenize } from '@huggingface/jinja';

/** A node of a parsed template; which fields it has depends on its type. */
export interface Node {
  readonly type: string;
  readonly [field: string]: unknown;
}

type Token = ReturnType<typeof tokenize>[number];

/** First name in the loop variables of a `with` block, which is a loop over one tuple, without `loop`. */
export const withMark = '__with__';
/** First name in the loop variables of a recursive loop. */
export const recursiveMark = '__recursive__';
/** Begins the name of the filter that stands for a test with arguments. */
export const testMark = '__is__';
/** The same with `is not`. */
export const negatedTestMark = '__is_not__';

/** The tree of a template, set up as transformers sets up its Jinja environment. @throws Error where it is no Jinja */
export function parseTemplate(source: string): Node {
  const prepared = withPlainStrings(withoutRawBlocks(source));
  const tokens = tokenize(prepared, { lstrip_blocks: true, trim_blocks: true });
  const program = parse(rewritten(tokens)) as unknown as Node;
  return withPrintMarks(program);
}

const rawBlock = /\{%([-+]?)\s*raw\s*(-?)%\}([^]*?)\{%(-?)\s*endraw\s*(?:(-)%\}|\+?%\}\n?)/g;

function withoutRawBlocks(source: string): string {
  return source.replace(
    rawBlock,
    (_, before: string, trimsStart: string, text: string, trimsEnd: string, after?: string) => {
      let kept = text;
      if (trimsStart) kept = kept.trimStart();
      if (trimsEnd) kept = kept.trimEnd();
      return `{{${before === '-' ? '-' : ''} ${quoted(kept)} ${after === '-' ? '-' : ''}}}`;
    },
  );
}

const quoted = (text: string) =>
  `"${text.replace(/[\\"\n\r]/g, (character) => ({ '\n': '\\n', '\r': '\\r' })[character] ?? `\\${character}`)}"`;

/** Comments, tags with their strings, and the text between them. */
const part =
  /\{#[^]*?#\}|\{\{(?:"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|[^])*?\}\}|\{%(?:"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'|[^])*?%\}/g;
const stringLiteral = /"(?:\\[^]|[^"\\])*"|'(?:\\[^]|[^'\\])*'/g;

/** Strings in tags with the escapes that the lexer knows: Python drops an escaped line break and keeps other unknown escapes. */
function withPlainStrings(source: string): string {
  return source.replace(part, (tag) =>
    tag.startsWith('{#')
      ? tag
      : tag.replace(stringLiteral, (literal) =>
          literal
            .replace(/\\([^])/g, (escape, character: string) => {
              if (character === '\n') return '';
              return /[ntrbfv'"\\xu]/.test(character) ? escape : `\\\\${character}`;
            })
            .replaceAll('\n', '\\n')
            .replaceAll('\r', '\\r'),
        ),
  );
}

const openings = ['OpenParen', 'OpenSquareBracket', 'OpenCurlyBracket'];
const closings = ['CloseParen', 'CloseSquareBracket', 'CloseCurlyBracket'];
const keywords = ['and', 'or', 'not', 'else', 'if', 'is', 'in', 'recursive'];

function rewritten(tokens: readonly Token[]): Token[] {
  const make = (type: Token['type'], value: string) => Object.assign({}, { type, value });
  const name = (value: string) => make('Identifier', value);
  const isName = (token: Token | undefined, value?: string) =>
    token?.type === 'Identifier' && (value === undefined || token.value === value);
  const out: Token[] = [];
  let openGroups: boolean[] = [];
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const before = out.at(-1);
    if (token.type === 'OpenStatement') {
      const end = tokens.findIndex((other, at) => at > i && other.type === 'CloseStatement');
      if (isName(tokens[i + 1], 'with') && end > 0) {
        out.push(token, ...withAsLoop(tokens.slice(i + 2, end), make));
        i = end - 1;
        continue;
      }
      if (isName(tokens[i + 1], 'endwith')) {
        out.push(token, name('endfor'));
        i++;
        continue;
      }
      if (isName(tokens[i + 1], 'for') && isName(tokens[end - 1], 'recursive')) {
        out.push(token, name('for'), name(recursiveMark), make('Comma', ','));
        i++;
        continue;
      }
    }
    if (isName(token, 'recursive') && tokens[i + 1]?.type === 'CloseStatement') continue;
    if (isName(token, 'is')) {
      const isNegated = isName(tokens[i + 1], 'not');
      const at = i + (isNegated ? 2 : 1);
      const test = tokens[at];
      if (isName(test, 'in')) {
        if (isNegated) out.push(name('not'));
        out.push(name('in'));
        i = at;
        continue;
      }
      const next = tokens[at + 1];
      const hasValue =
        next !== undefined &&
        (next.type === 'NumericLiteral' ||
          next.type === 'StringLiteral' ||
          (isName(next) && !keywords.includes(next.value)));
      if (isName(test) && (next?.type === 'OpenParen' || hasValue)) {
        out.push(make('Pipe', '|'), name((isNegated ? negatedTestMark : testMark) + test!.value));
        i = at;
        if (hasValue) {
          out.push(make('OpenParen', '('), next, make('CloseParen', ')'));
          i++;
        }
        continue;
      }
    }
    out.push(token);
    if (openings.includes(token.type)) {
      // What groups, and calls nothing, follows no value.
      const isCall = before?.type === 'CloseParen' || (isName(before) && !keywords.includes(before!.value));
      openGroups.push(token.type === 'OpenParen' && !isCall && before?.type !== 'CloseSquareBracket');
    } else if (closings.includes(token.type)) {
      const isGroup = openGroups.pop();
      const next = tokens[i + 1];
      const isCompared =
        next?.type === 'ComparisonBinaryOperator' || isName(next, 'in') || isName(next, 'not');
      // A comparison in brackets is no part of a chain.
      if (isGroup && isCompared) out.push(make('Pipe', '|'), name('safe'));
    } else if (token.type === 'CloseStatement' || token.type === 'CloseExpression') openGroups = [];
  }
  return out;
}

/** `a=1, b=2` as `for __with__, a, b in [(0, 1, 2)]`. */
function withAsLoop(tokens: readonly Token[], make: (type: Token['type'], value: string) => Token): Token[] {
  const names: Token[] = [make('Identifier', withMark)];
  const values: Token[] = [make('NumericLiteral', '0')];
  let depth = 0;
  for (let i = 0; i < tokens.length; i++) {
    const token = tokens[i]!;
    const isAssigned = depth === 0 && tokens[i + 1]?.type === 'Equals';
    if (openings.includes(token.type)) depth++;
    if (closings.includes(token.type)) depth--;
    if (isAssigned) {
      names.push(make('Comma', ','), token);
      values.push(make('Comma', ','));
      i++;
    } else if (!(depth === 0 && token.type === 'Comma')) values.push(token);
  }
  return [
    make('Identifier', 'for'),
    ...names,
    make('Identifier', 'in'),
    make('OpenSquareBracket', '['),
    make('OpenParen', '('),
    ...values,
    ...(values.length === 1 ? [make('Comma', ','), make('NumericLiteral', '0')] : []),
    make('CloseParen', ')'),
    make('CloseSquareBracket', ']'),
  ];
}

const statements = [
  'Set',
  'If',
  'For',
  'Macro',
  'CallStatement',
  'FilterStatement',
  'Break',
  'Continue',
  'Comment',
];
const blocks = ['body', 'alternate', 'defaultBlock'];

/** The tree with `{ type: 'Print', value }` around each expression that stands where statements do. */
function withPrintMarks(node: Node): Node {
  const marked: Record<string, unknown> = { ...node };
  for (const block of blocks) {
    const body = node[block];
    if (!Array.isArray(body)) continue;
    marked[block] = (body as Node[]).map((child) =>
      statements.includes(child.type) ? withPrintMarks(child) : { type: 'Print', value: child },
    );
  }
  return marked as Node;
}
