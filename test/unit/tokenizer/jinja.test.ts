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
    expect(() => new JinjaTemplate(source).render({}, new Date(0), 20)).toThrow(/does not come to an end/);
  });
});
