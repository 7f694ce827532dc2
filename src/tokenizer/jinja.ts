/**
 * A Jinja template with the globals that Hugging Face gives to chat templates. @huggingface/jinja 0.5.11 sets its own before ours
 * and forbids to replace them, and its `strftime_now` speaks the browser's language; so its interpreter is used directly.
 */
import { Environment, Interpreter, parse, tokenize } from '@huggingface/jinja';
import { assert } from '../util/assert';
import { strftime } from './strftime';

/** What a template said by `raise_exception`: it is about the values, not about the template. */
export class TemplateRefusal extends Error {}

/** Longest time for one text in milliseconds: a conversation takes a few. */
const maxRenderMs = 5000;

/** Loops in loops have an end that nobody waits for. */
class LimitedInterpreter extends Interpreter {
  readonly #endsAt: number;

  constructor(environment: Environment, limitMs: number) {
    super(environment);
    this.#endsAt = Date.now() + limitMs;
  }

  override evaluate(...step: Parameters<Interpreter['evaluate']>) {
    if (Date.now() > this.#endsAt) throw new Error('it does not come to an end.');
    return super.evaluate(...step);
  }
}

/** A compiled template. */
export class JinjaTemplate {
  private readonly program: ReturnType<typeof parse>;

  /** @throws Error where the template is no Jinja that the library knows. */
  constructor(source: string) {
    // As transformers sets up its Jinja environment.
    this.program = parse(tokenize(source, { lstrip_blocks: true, trim_blocks: true }));
  }

  /**
   * The text for these values; `now` is the date that `strftime_now` states.
   * @throws TemplateRefusal by the template's own decision, Error where it fails or takes longer than `limitMs`.
   */
  render(values: Readonly<Record<string, unknown>>, now: Date, limitMs = maxRenderMs): string {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...globals(now), ...values })) environment.set(name, value);
    const result: unknown = new LimitedInterpreter(environment, limitMs).run(this.program).value;
    assert(typeof result === 'string', 'a template renders to a string');
    return result;
  }
}

function globals(now: Date): Record<string, unknown> {
  return {
    true: true,
    True: true,
    false: false,
    False: false,
    none: null,
    None: null,
    range,
    strftime_now: (format: string) => strftime(now, format),
    raise_exception: (message: unknown) => {
      throw new TemplateRefusal(String(message));
    },
  };
}

const maxRangeLength = 2 ** 20;

/** Python's `range` as a list. */
function range(first: number, second?: number, step = 1): number[] {
  const [start, stop] = second === undefined ? [0, first] : [first, second];
  const length = Math.max(0, Math.ceil((stop - start) / step));
  if (!(length <= maxRangeLength))
    throw new RangeError(`range() of ${length} numbers is too long for a template.`);
  return Array.from({ length }, (_, i) => start + i * step);
}
