/** Templates render as Python's Jinja 3.1 renders them: the text of each was made by it, in the environment of transformers 5.18. */
import { describe, expect, test } from 'vitest';
import { ChatTemplate } from '../../../src/tokenizer/chat-template';
import type { ChatMessage } from '../../../src/tokenizer/chat-message';
import { JinjaTemplate } from '../../../src/tokenizer/jinja';
import { readShared, sharedCheck } from './shared-tokenizers';

const render = (template: string, values: Record<string, unknown> = {}) =>
  new JinjaTemplate(template).render(values, new Date(0));

interface Expression {
  name: string;
  template: string;
  values: Record<string, unknown>;
  expected: { text?: string; err?: string };
}
interface History {
  cases: { name: string; template: string; messages: ChatMessage[]; expected: string }[];
}

const expressions = readShared('cases/templates/expressions.json');
describe(sharedCheck('expressions', !!expressions), () => {
  // A number that JSON writes as 21.0 is an integer in JavaScript.
  const cases = (JSON.parse(expressions ?? '[]') as Expression[]).filter(({ name }) => name !== 'floatv');
  test.skipIf(!expressions)('there are some', () => expect(cases.length).toBeGreaterThan(20));
  test.each(cases)('$name', ({ template, values, expected }) => {
    if (expected.text === undefined) expect(() => render(template, values)).toThrow(/not iterable/);
    else expect(render(template, values)).toBe(expected.text);
  });
});

const histories = readShared('cases/templates/history-indentation.json');
test(sharedCheck('the indentation of an earlier answer stays', !!histories), () => {
  const { cases } = JSON.parse(histories ?? '{"cases":[]}') as History;
  for (const { template, messages, expected } of cases) {
    const config: unknown = JSON.parse(
      readShared(`${template.replace(/^shared\//, '')}/tokenizer_config.json`)!,
    );
    expect(ChatTemplate.fromFiles(undefined, config).render({ messages }).rest).toBe(expected);
  }
});

const x = 'a--b-c';
const rows = [
  { a: 2, b: { c: 'y' } },
  { a: 1, b: { c: 'x' } },
];
test.each([
  ['{{ "  x y ".strip() }}|{{ "xxaxx".strip("x") }}|{{ x.lstrip("a-") }}', 'x y|a|b-c'],
  [
    '{{ "a b  c".split() }}{{ x.split("-", 1) }}{{ x.rsplit("-", 1) }}',
    "['a', 'b', 'c']['a', '-b-c']['a--b', 'c']",
  ],
  ['{{ "a b c d".split(none, 2) }}{{ " a b c ".rsplit(none, 1) }}', "['a', 'b', 'c d'][' a b', 'c']"],
  [
    '{{ x.partition("-") }}{{ x.rpartition("-") }}{{ x.partition("?") }}',
    "('a', '-', '-b-c')('a--b', '-', 'c')('a--b-c', '', '')",
  ],
  ['{{ "a\nb\r\nc\n".splitlines() }}{{ "a,b".replace(",", ";") }}', "['a', 'b', 'c']a;b"],
  ['{{ "%s" * 2 }}{{ 2 * "ab" }}{{ [1, 2] * 2 }}{{ (1, 2) + (3, 4) }}', '%s%sabab[1, 2, 1, 2](1, 2, 3, 4)'],
  ['{{ [none, true, 1.5, "it\'s", (1, 2), {}] }}', `[None, True, 1.5, "it's", (1, 2), {}]`],
  ['{{ 7 // 2 }} {{ -7 // 2 }} {{ -7 % 3 }} {{ 1 / 2 }} {{ 2 ** 3 }}', '3 -4 2 0.5 8'],
  ['{{ (1 < 2) == (3 < 4) }}{{ 3 > 2 > 2 }}{{ 1 == 1.0 }}{{ true == 1 }}', 'TrueFalseTrueTrue'],
  [
    '{% for i in range(5) %}{{ loop.cycle("a", "b") }}{% if loop.changed(i // 2) %}!{% endif %}{% endfor %}',
    'a!ba!ba!',
  ],
  [
    '{% for i in range(9) %}{{ i }}{% if i == 1 %}x{% continue %}{% endif %}{% if i == 3 %}{% break %}{% endif %},{% endfor %}',
    '0,1x2,3',
  ],
  ['{% for i in [1, 2] %}{% if last is defined %}{{ last }}{% endif %}{% set last = i %}{% endfor %}', ''],
  ['{% for k, v in {"a": 1}.items() %}{{ k }}{{ v }}{% else %}none{% endfor %}', 'a1'],
  ['{% for c in "añ😀" if c != "a" %}{{ c }}{{ loop.index }}{% endfor %}', 'ñ1😀2'],
  [
    '{{ rows | map(attribute="b.c") | join("+") }}{{ rows | sort(attribute="a") | map(attribute="a") | list }}',
    'y+x[1, 2]',
  ],
  [
    '{{ rows | selectattr("a", "eq", 1) | list | length }}{{ rows | rejectattr("a", "lt", 2) | first }}',
    "1{'a': 2, 'b': {'c': 'y'}}",
  ],
  [
    '{{ [3, 1, 2] | select("odd") | list }}{{ [3, 1] | max }}{{ [1, 2] | sum }}{{ "abc" | first }}{{ [1, 1] | unique | list }}',
    '[3, 1]33a[1]',
  ],
  [
    '{{ {"b": "é", "a": [1, none]} | tojson }}{{ {"a": {}} | tojson(indent=2) }}',
    '{"b": "é", "a": [1, null]}{\n  "a": {}\n}',
  ],
  [
    '{{ 4 is divisibleby(2) }}{{ 4 is divisibleby 3 }}{{ "a" is in ["a"] }}{{ x is not none }}{{ 1 is eq(1) and 2 is ne 1 }}',
    'TrueFalseTrueTrueTrue',
  ],
  ['{{ "{0} {1} {a}".format(1, 2, a=3) }}{{ "-".join(["a", "b"]) }}{{ "a" in x }}', '1 2 3a-bTrue'],
  [
    '{% with a = 1, b = [2, 3] %}{{ a }}{{ b }}{{ loop is defined }}{% endwith %}{{ a is defined }}',
    '1[2, 3]FalseFalse',
  ],
  ['a\n{%- raw %} {{ "\n" }}\n{% endraw %}\nb', 'a {{ "\n" }}\nb'],
  ['{% for a in t recursive %}{{ loop.depth }}{{ a.n }}{{ loop(a.c) }}{% endfor %}', '1122'],
  ['{{ "\\d\\n|\\u00e9" }}{{ \'"\' }}', '\\d\n|é"'],
  [
    '[{{ nothing }}{{ nothing | default("d") }}{{ rows[0].nothing }}{{ nothing | length }}{% for i in nothing %}{% endfor %}]',
    '[d0]',
  ],
  ['{{ x[0] }}{{ x[-1] }}{{ x[1:4] }}{{ x[::-1] }}{{ [1, 2, 3][:2] }}{{ "😀b"[0] }}', 'ac--bc-b--a[1, 2]😀'],
  [
    '{% macro m(a, b=2) %}{{ a }}{{ b }}{{ caller() if caller else "" }}{% endmacro %}{{ m(1) }}{{ m(1, b=3) }}',
    '1213',
  ],
  ['{% set n = namespace(i=0) %}{% for i in range(3) %}{% set n.i = n.i + i %}{% endfor %}{{ n.i }}', '3'],
  [
    '{% set t %}a{{ 1 }}{% endset %}{{ t | upper | indent(2, true) }}{% filter upper %}b{% endfilter %}',
    '  A1B',
  ],
  [
    '{{ not x == "q" }}{{ x is string and rows is sequence and rows[0] is mapping }}{{ 1 if none }}',
    'TrueTrue',
  ],
])('%s', (template, expected) => {
  expect(render(template, { x, rows, t: [{ n: 1, c: [{ n: 2, c: [] }] }] })).toBe(expected);
});

test.each([
  ['{{ nothing.field }}', /'nothing' is undefined/],
  ['{{ nothing + "a" }}', /unsupported operand/],
  ['{{ "a" + 1 }}', /unsupported operand/],
  ['{{ none < 1 }}', /not supported between/],
  ['{{ x | nofilter }}', /No filter named 'nofilter'/],
  ['{{ x is notest }}', /No test named 'notest'/],
  ['{{ 1 % 0 }}', /division by zero/],
])('is an error as in Python: %s', (template, error) => {
  expect(() => render(template, { x })).toThrow(error);
});
