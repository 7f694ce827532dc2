/** The grammar of an answer's format. */
import { EngineError } from '../util/errors';
import type { AnswerFormat, FormatSchema } from './answer-format';
import { Automaton } from './automaton';
import type { GrammarNode } from './grammar';
import { JsonGrammar } from './json-grammar';
import { schemaGrammar } from './json-schema';
import { regexGrammar, UnsupportedRegex } from './regex';
import { UnsupportedSchema } from './schema-merge';

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
      const { calls, first, between, last, most } = format;
      const call = builder.choice(
        ...calls.map(({ before, after, ...schema }) =>
          builder.sequence(builder.text(before), schemaOf(json, schema), builder.text(after)),
        ),
      );
      const others = builder.repeat(builder.sequence(builder.text(between), call), 0, most - 1);
      return builder.sequence(builder.text(first), call, others, builder.text(last));
    }
    case 'any':
      return builder.choice(...format.of.map((part) => grammarOf(json, part)));
  }
}

function schemaOf(json: JsonGrammar, { schema, field }: FormatSchema): GrammarNode {
  try {
    const node = schemaGrammar(json, JSON.parse(schema));
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
