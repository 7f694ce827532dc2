/** Bodies of requests that nobody means well: drawn by a seed, so that a failure can be drawn again. */

/** JSON that nests beyond what recursion bears. */
const nested = (depth: number): unknown => JSON.parse('['.repeat(depth) + ']'.repeat(depth)) as unknown;

const odd: readonly (() => unknown)[] = [
  () => null,
  () => true,
  () => -1,
  () => 1e308,
  () => 0.5,
  () => '',
  () => '\ud800 lone \udfff',
  () => 'x'.repeat(300_000),
  () => [],
  () => [[], {}, null, 'x'],
  () => ({}),
  () => ({ type: 'image_url' }),
  () => ({ toString: 1, constructor: {}, hasOwnProperty: null }),
  () => JSON.parse('{"__proto__": {"stream": true}}') as unknown,
  () => nested(10_000),
  () => ({ text: nested(10_000) }),
  () => Array<string>(10_000).fill('stop'),
];

/** Names that a request may have, and names that none should. */
const names = [
  ...['model', 'prompt', 'input', 'max_tokens', 'max_completion_tokens', 'max_output_tokens', 'temperature'],
  ...['top_p', 'top_k', 'min_p', 'stop', 'seed', 'n', 'logprobs', 'top_logprobs', 'logit_bias', 'stream'],
  ...['stream_options', 'tools', 'tool_choice', 'response_format', 'document', 'sources', 'metadata', 'text'],
  ...['reasoning', 'reasoning_effort', 'functions', 'modalities', 'audio', 'user', 'prediction', 'include'],
  ...['encoding_format', 'dimensions', 'pooling'],
  ...['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'then', 'length', '', '\ud800', 'colour'],
];

const messageNames = [
  'role',
  'content',
  'name',
  'tool_calls',
  'tool_call_id',
  'refusal',
  'parsed',
  '__proto__',
  'x',
];

/** Draws a body of at least one fault, as JSON text. `next` gives numbers from 0 to below 1. */
export function randomBody(next: () => number): string {
  const pick = <T>(list: readonly T[]): T => list[Math.floor(next() * list.length)]!;
  if (next() < 0.03) return pick(['', '{', 'null', '[]', '"x"', '1', '{"messages":', '\u0000']);
  const body = new Map<string, unknown>();
  const hasMessages = next() < 0.8;
  if (hasMessages) body.set('messages', [{ role: 'user', content: 'Hi' }]);
  if (hasMessages && next() < 0.4) {
    const message = new Map<string, unknown>([
      ['role', 'user'],
      ['content', 'Hi'],
    ]);
    message.set(pick(messageNames), pick(odd)());
    body.set('messages', pick([pick(odd)(), [objectOf(message)], [pick(odd)()]]));
  }
  for (let count = Math.floor(4 * next()); count >= 0; count--) body.set(pick(names), pick(odd)());
  return textOf(body);
}

/** An object with these own properties, `__proto__` among them. */
function objectOf(fields: ReadonlyMap<string, unknown>): object {
  const object = {};
  for (const [name, value] of fields) {
    Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
  }
  return object;
}

/** JSON of values that may nest deeper than `JSON.stringify` recurses. */
function textOf(fields: ReadonlyMap<string, unknown>): string {
  const parts = [...fields].map(([name, value]) => `${JSON.stringify(name)}:${deepText(value)}`);
  return `{${parts.join(',')}}`;
}

function deepText(value: unknown): string {
  let depth = 0;
  let inner = value;
  while (Array.isArray(inner) && inner.length === 1) {
    inner = inner[0] as unknown;
    depth++;
  }
  if (Array.isArray(inner) || typeof inner !== 'object' || inner === null) {
    return '['.repeat(depth) + JSON.stringify(inner) + ']'.repeat(depth);
  }
  const parts = Object.entries(inner).map(([name, field]) => `${JSON.stringify(name)}:${deepText(field)}`);
  return '['.repeat(depth) + `{${parts.join(',')}}` + ']'.repeat(depth);
}
