/** The grammar of an answer's format. */
import { EngineError } from '../util/errors';
import type { AnswerFormat, FormatSchema } from './answer-format';
import { Automaton } from './automaton';
import { elementsGrammar } from './elements-grammar';
import type { GrammarNode } from './grammar';
import { JsonGrammar } from './json-grammar';
import { schemaGrammar } from './json-schema';
import { regexGrammar, UnsupportedRegex } from './regex';
import { UnsupportedSchema } from './schema-merge';
import { textWith } from './text-up-to';

/**
 * The automaton of a format, whose text may have `numPrefixSpaces` spaces before it.
 * @throws EngineError `unsupported` for what cannot be enforced, naming the field and the keyword
 */
export function formatAutomaton(format: AnswerFormat, numPrefixSpaces = 0): Automaton {
  const json = new JsonGrammar();
  const { builder } = json;
  const spaces = builder.repeat(builder.text(' '), 0, numPrefixSpaces);
  const automaton = new Automaton(builder, builder.sequence(spaces, grammarOf(json, format)));
  if (!automaton.isSatisfiable) {
    throw unsupported('field' in format ? format.field : 'response_format', 'no text keeps to it');
  }
  return automaton;
}

function grammarOf(json: JsonGrammar, format: AnswerFormat): GrammarNode {
  const { builder } = json;
  switch (format.kind) {
    case 'json-object':
      return json.object;
    case 'json-schema':
      return schemaOf(json, format);
    case 'regex':
      return regexOf(json, format.pattern, format.field);
    case 'choice':
      return builder.choice(...format.choices.map((text) => builder.text(text)));
    case 'calls': {
      const { calls, first, between, last, most, values } = format;
      const writing = values && values !== 'elements' ? new JsonGrammar(builder, values.mark) : json;
      const compile = values === 'elements' ? elementsGrammar : schemaGrammar;
      const call = builder.choice(
        ...calls.map(({ before, after, ...schema }) =>
          builder.sequence(builder.text(before), schemaOf(writing, schema, compile), builder.text(after)),
        ),
      );
      const others = builder.repeat(builder.sequence(builder.text(between), call), 0, most - 1);
      return builder.sequence(builder.text(first), call, others, builder.text(last));
    }
    case 'text-with-calls':
      return textWith(builder, format.mark, grammarOf(json, format.calls));
    case 'any':
      return builder.choice(...format.of.map((part) => grammarOf(json, part)));
  }
}

function schemaOf(
  json: JsonGrammar,
  { schema, field }: FormatSchema,
  compile: (json: JsonGrammar, schema: unknown) => GrammarNode = schemaGrammar,
): GrammarNode {
  try {
    const node = compile(json, JSON.parse(schema));
    if (node === json.builder.never) throw new UnsupportedSchema('schema', 'no JSON satisfies it');
    return node;
  } catch (error) {
    if (error instanceof UnsupportedSchema) {
      throw unsupported(field, `of "${error.keyword}", ${error.message}`, error);
    }
    throw error;
  }
}

function regexOf(json: JsonGrammar, pattern: string, field: string): GrammarNode {
  try {
    return regexGrammar(pattern, json.builder, (set) => json.builder.character(set));
  } catch (error) {
    if (error instanceof UnsupportedRegex) throw unsupported(field, error.message, error);
    throw error;
  }
}

function unsupported(field: string, reason: string, cause?: unknown): EngineError {
  return new EngineError('unsupported', `"${field}" is not supported: ${reason}.`, { field, cause });
}
