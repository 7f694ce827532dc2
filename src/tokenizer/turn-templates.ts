/**
 * Chat templates for files that have none, by the tokens that their vocabulary keeps for the beginning and the end of a turn. A model
 * that was never taught to chat answers in it as well as it can.
 */

/** Gemma's turns: what the system says stands at the beginning of the first user turn. */
const gemma = `{{ bos_token }}
{%- set system = '' -%}
{%- if messages[0]['role'] == 'system' -%}
  {%- set system = messages[0]['content'] + '\\n\\n' -%}
  {%- set messages = messages[1:] -%}
{%- endif -%}
{%- for message in messages -%}
  {{ '<start_of_turn>' + ('model' if message['role'] == 'assistant' else message['role']) + '\\n' }}
  {{- (system if loop.first else '') + message['content'] + '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<start_of_turn>model\\n' }}{%- endif -%}`;

/** ChatML's turns. */
const chatMl = `{%- for message in messages -%}
  {{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}{{ '<|im_start|>assistant\\n' }}{%- endif -%}`;

const templates = [
  { tokens: ['<start_of_turn>', '<end_of_turn>'], template: gemma },
  { tokens: ['<|im_start|>', '<|im_end|>'], template: chatMl },
] as const;

/** The template for a vocabulary; undefined where it has no tokens for turns that are known here. */
export function turnTemplate(vocabulary: readonly string[]): string | undefined {
  return templates.find(({ tokens }) => tokens.every((token) => vocabulary.includes(token)))?.template;
}
