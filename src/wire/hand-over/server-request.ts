/** A request as a server takes it: pure. */
import { isJsonObject } from '../../util/json';
import type { RoutedRequest } from './route';

/** Fields of ours that no server knows. Others, such as `top_k`, `min_p` and `ignore_eos`, servers of open models have too. */
const ownFields: readonly string[] = ['document', 'documents', 'sources', 'exact', 'default_sampling'];

/** A body, and what it no longer asks for. */
interface ServerBody {
  readonly body: Record<string, unknown>;
  /** Fields that were asked for and that no server honours. */
  readonly lost: readonly string[];
}

/** What a request is about: a kept document by its name, several of them, or a text; undefined where there is none. */
export function documentOf({
  path,
  body: { document, documents },
}: RoutedRequest):
  | { readonly id: string }
  | { readonly ids: readonly string[] }
  | { readonly text: string }
  | undefined {
  if (path !== '/chat/completions' && path !== '/responses') return undefined;
  if (Array.isArray(documents)) return { ids: documents.map(String) };
  if (typeof document === 'string') return { id: document };
  if (!isJsonObject(document)) return undefined;
  if (typeof document.text === 'string') return { text: document.text };
  return typeof document.id === 'string' ? { id: document.id } : undefined;
}

/**
 * The body with the server's model, with the document's text as the first that the system says, and in vLLM's words what is of our
 * own and vLLM has too.
 */
export function serverBody(
  { path, body }: RoutedRequest,
  { model, documentText }: { readonly model?: string; readonly documentText?: string } = {},
): ServerBody {
  const known = Object.entries(body).filter(([name]) => !ownFields.includes(name));
  const moved: Record<string, unknown> = {
    ...Object.fromEntries(known),
    ...(model !== undefined && { model }),
  };
  if (body.default_sampling === false) {
    // OpenAI's defaults, whatever the server's model recommends.
    moved.temperature ??= 1;
    moved.top_p ??= 1;
  }
  const { response_format: format } = body;
  if (isJsonObject(format) && (format.type === 'regex' || format.type === 'choice')) {
    delete moved.response_format;
    moved.structured_outputs =
      format.type === 'regex' ? { regex: format.pattern } : { choice: format.choices };
  }
  if (documentText !== undefined) {
    if (path === '/responses') moved.instructions = joined(documentText, body.instructions);
    else moved.messages = withDocument(body.messages, documentText);
  }
  return { body: moved, lost: isWanted(body.sources) ? ['sources'] : [] };
}

/** The body of the request whose answer goes on from `text`; undefined where nobody can ask for that. */
export function continuedBody(
  { path, body }: RoutedRequest,
  text: string,
  numTokens: number,
): Record<string, unknown> | undefined {
  const left = Object.fromEntries(
    ['max_tokens', 'max_completion_tokens']
      .filter((name) => typeof body[name] === 'number')
      .map((name) => [name, Math.max(1, (body[name] as number) - numTokens)]),
  );
  if (path === '/completions') {
    const prompt: unknown =
      Array.isArray(body.prompt) && body.prompt.length === 1 ? body.prompt[0] : body.prompt;
    return typeof prompt === 'string' ? { ...body, ...left, prompt: prompt + text } : undefined;
  }
  if (!Array.isArray(body.messages)) return undefined;
  return {
    ...body,
    ...left,
    messages: [...(body.messages as unknown[]), { role: 'assistant', content: text }],
    add_generation_prompt: false,
    continue_final_message: true,
  };
}

/**
 * Where a request goes on a server: what its URL has behind the API's version, or its whole path without one, under the server's
 * own base.
 */
export function serverUrl(baseURL: string, url: string): string {
  const { pathname, search } = new URL(url);
  const [, rest = pathname] =
    /\/v\d+(?:beta)?(\/.*)$/.exec(pathname) ??
    /(\/(?:chat\/)?completions|\/responses|\/models(?:\/.*)?)\/*$/.exec(pathname) ??
    [];
  return baseURL.replace(/\/+$/, '') + rest + search;
}

function isWanted(sources: unknown): boolean {
  return sources !== undefined && sources !== null && sources !== false;
}

function joined(document: string, system: unknown): string {
  return typeof system === 'string' && system !== '' ? `${document}\n\n${system}` : document;
}

/** Templates know one system text, at the beginning: the document stands before the caller's. */
function withDocument(messages: unknown, document: string): unknown[] {
  const list: readonly unknown[] = Array.isArray(messages) ? messages : [];
  const [first, ...rest] = list;
  if (!isJsonObject(first) || (first.role !== 'system' && first.role !== 'developer')) {
    return [{ role: 'system', content: document }, ...list];
  }
  const content = Array.isArray(first.content)
    ? [{ type: 'text', text: `${document}\n\n` }, ...(first.content as unknown[])]
    : joined(document, first.content);
  return [{ ...first, content }, ...rest];
}
