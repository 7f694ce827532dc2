/**
 * A Jinja template as Hugging Face renders chat templates. The lexer, the parser and what runs statements are @huggingface/jinja
 * 0.5.11's; what it does differently from Python's Jinja is put right in the files `jinja-*.ts`: syntax, values, the methods of
 * strings, filters and tests, operators, and the interpreter that joins them. The package also sets its own globals before ours and
 * forbids to replace them, so its interpreter is used directly.
 */
import { Environment } from '@huggingface/jinja';
import { assert } from '../util/assert';
import { PythonInterpreter } from './jinja-interpreter';
import { defaultLimits, growth, leastCharacters, Limits, type TemplateLimits } from './jinja-limits';
import { parseTemplate, type Node } from './jinja-syntax';
import { strftime } from './strftime';

/** What a template said by `raise_exception`: it is about the values, not about the template. */
export class TemplateRefusal extends Error {}

/** A compiled template. */
export class JinjaTemplate {
  private readonly program: Node;

  /** @throws Error where the template is no Jinja that is known */
  constructor(source: string) {
    this.program = parseTemplate(source);
  }

  /**
   * The text for these values; `now` is the date that `strftime_now` states.
   * @throws TemplateRefusal by the template's own decision, Error where it fails or does more than `limits`.
   */
  render(values: Readonly<Record<string, unknown>>, now: Date, limits: Partial<TemplateLimits> = {}): string {
    const environment = new Environment();
    for (const [name, value] of Object.entries({ ...globals(now), ...values })) environment.set(name, value);
    const maxLength = leastCharacters + growth * charactersIn(values);
    const interpreter = new PythonInterpreter(
      environment,
      new Limits({ ...defaultLimits, ...limits }, maxLength),
    );
    const result: unknown = interpreter.run(this.program as never).value;
    assert(typeof result === 'string', 'a template renders to a string');
    return result;
  }
}

function charactersIn(value: unknown): number {
  if (typeof value === 'string') return value.length;
  if (typeof value !== 'object' || value === null) return 8;
  return Object.entries(value).reduce((sum, [key, item]) => sum + key.length + charactersIn(item), 0);
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
