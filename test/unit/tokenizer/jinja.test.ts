import { describe, expect, test } from 'vitest';
import { JinjaTemplate } from '../../../src/tokenizer/jinja';

describe('a template without an end', () => {
  test.each([
    ['loops in loops', '{% for i in range(9999) %}{% for j in range(9999) %}{% endfor %}{% endfor %}'],
    [
      'a macro that calls itself twice',
      '{% macro f(n) %}{% if n > 0 %}{{ f(n - 1) }}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(50) }}',
    ],
  ])('is stopped: %s', (_, source) => {
    expect(() => new JinjaTemplate(source).render({}, new Date(0), { milliseconds: 20 })).toThrow(
      /does not come to an end/,
    );
  });
});

describe('a template that makes more than a conversation can need is stopped', () => {
  const loop = (body: string) =>
    `{% set n = namespace(x='ab', l=[1]) %}{% for i in range(64) %}{% set ${body} %}{% endfor %}{{ n.x }}`;
  test.each([
    ['replace in a loop', loop("n.x = n.x.replace('a', 'aa')")],
    ['replace as a filter', loop("n.x = n.x | replace('a', 'aaaa')")],
    ['texts joined', loop('n.x = n.x ~ n.x')],
    ['texts added', loop('n.x = n.x + n.x')],
    ['a text many times', '{{ "a" * 999999999999 }}'],
    ['a list many times', '{{ [1] * 999999999999 }}'],
    ['lists added', loop('n.l = n.l + n.l')],
    ['a list of itself, printed', loop('n.l = [n.l, n.l]').replace('n.x }}', 'n.l }}')],
    ['a list of itself, as JSON', loop('n.l = [n.l, n.l]').replace('n.x }}', 'n.l | tojson }}')],
    ['join', loop("n.x = [n.x, n.x] | join('-')")],
    ['a join of characters', loop('n.x = n.x.join(n.x)')],
    ['format', loop("n.x = '{0}{0}'.format(n.x)")],
    ['indent', loop("n.x = (n.x ~ '\n') | indent(9999999, true)")],
    ['padding', '{{ "1".zfill(999999999) }}'],
    ['output', '{% for i in range(20000) %}{{ "0123456789" * 1000 }}{% endfor %}'],
    [
      'a block that is set',
      loop('n.y = 0').replace(
        '{% set n.y = 0 %}',
        '{% set y %}{{ n.x }}{{ n.x }}{% endset %}{% set n.x = y %}',
      ),
    ],
  ])('%s', (_, source) => {
    expect(() => new JinjaTemplate(source).render({}, new Date(0))).toThrow(/makes far/);
  });

  test('but not one that prints a long conversation', () => {
    const messages = Array.from({ length: 500 }, () => ({ content: 'word '.repeat(2000) }));
    const source = '{% for m in messages %}{{ m.content | trim }}{{ m.content.strip() }}{% endfor %}';
    expect(new JinjaTemplate(source).render({ messages }, new Date(0))).toHaveLength(500 * 2 * 9999);
  });

  test('a macro that calls itself without end', () => {
    const source = '{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}';
    expect(() => new JinjaTemplate(source).render({}, new Date(0))).toThrow(/too deeply/);
  });
});
