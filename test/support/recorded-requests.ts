/**
 * Bodies that the newest clients send for everyday calls, as they were recorded: openai 7.59, ai 7.0 with @ai-sdk/openai 4.0 and
 * @ai-sdk/openai-compatible 3.0, @langchain/openai 1.6. Not what they should send: what they do.
 */

/** A request as a client sent it. */
export interface RecordedRequest {
  /** Client and call. */
  readonly client: string;
  /** After the base URL. */
  readonly path: string;
  readonly body: Record<string, unknown>;
}

/** The requests, in the order in which they were recorded; those of the same body once. */
export const recordedRequests: readonly RecordedRequest[] = [
  {
    client: 'openai create',
    path: '/chat/completions',
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
    },
  },
  {
    client: 'openai stream',
    path: '/chat/completions',
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      stream: true,
      stream_options: { include_usage: true },
    },
  },
  {
    client: 'openai stream helper',
    path: '/chat/completions',
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      stream: true,
    },
  },
  {
    client: 'openai parse',
    path: '/chat/completions',
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'person',
          strict: true,
          schema: {
            $schema: 'http://json-schema.org/draft-07/schema#',
            type: 'object',
            properties: { name: { type: 'string' }, age: { type: 'number' } },
            required: ['name', 'age'],
            additionalProperties: false,
          },
        },
      },
    },
  },
  {
    client: 'openai runTools',
    path: '/chat/completions',
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
          },
        },
      ],
      tool_choice: 'auto',
      stream: false,
    },
  },
  {
    client: 'openai runTools',
    path: '/chat/completions',
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_1', type: 'function', function: { arguments: '{"city":"Bern"}', name: 'weather' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            parameters: { type: 'object', properties: { city: { type: 'string' } } },
          },
        },
      ],
      tool_choice: 'auto',
      stream: false,
    },
  },
  {
    client: 'openai parsed history',
    path: '/chat/completions',
    body: {
      model: 'm',
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        {
          role: 'assistant',
          content: '{"name":"x","age":1}',
          refusal: null,
          annotations: [],
          parsed: { name: 'x', age: 1 },
        },
        { role: 'user', content: 'More' },
      ],
    },
  },
  { client: 'openai completions', path: '/completions', body: { model: 'm', prompt: 'Once' } },
  { client: 'openai responses', path: '/responses', body: { model: 'm', input: 'Hi' } },
  {
    client: 'openai responses stream',
    path: '/responses',
    body: { model: 'm', input: [{ role: 'user', content: 'Hi' }], instructions: 'Brief.', stream: true },
  },
  {
    client: 'ai compatible generateText',
    path: '/chat/completions',
    body: { model: 'm', messages: [{ role: 'user', content: 'Hi' }] },
  },
  {
    client: 'ai compatible streamText',
    path: '/chat/completions',
    body: {
      model: 'm',
      max_tokens: 40,
      temperature: 0,
      top_p: 0.9,
      stop: ['END'],
      seed: 1,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello.' },
        { role: 'user', content: 'More' },
      ],
      stream: true,
      stream_options: { include_usage: true },
    },
  },
  {
    client: 'ai compatible generateObject',
    path: '/chat/completions',
    body: {
      model: 'm',
      response_format: { type: 'json_object' },
      messages: [{ role: 'user', content: 'Hi' }],
    },
  },
  {
    client: 'ai compatible tools',
    path: '/chat/completions',
    body: {
      model: 'm',
      messages: [{ role: 'user', content: 'Weather?' }],
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'Weather',
            parameters: {
              $schema: 'http://json-schema.org/draft-07/schema#',
              type: 'object',
              properties: { city: { type: 'string' } },
              required: ['city'],
              additionalProperties: false,
            },
          },
        },
      ],
      tool_choice: 'auto',
    },
  },
  {
    client: 'ai compatible tools',
    path: '/chat/completions',
    body: {
      model: 'm',
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: null,
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
          ],
        },
        { role: 'tool', tool_call_id: 'call_1', content: 'sunny' },
      ],
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'Weather',
            parameters: {
              $schema: 'http://json-schema.org/draft-07/schema#',
              type: 'object',
              properties: { city: { type: 'string' } },
              required: ['city'],
              additionalProperties: false,
            },
          },
        },
      ],
      tool_choice: 'auto',
    },
  },
  {
    client: 'ai openai chat generateObject',
    path: '/chat/completions',
    body: {
      model: 'm',
      response_format: {
        type: 'json_schema',
        json_schema: {
          schema: {
            $schema: 'http://json-schema.org/draft-07/schema#',
            type: 'object',
            properties: { name: { type: 'string' }, age: { type: 'number' } },
            required: ['name', 'age'],
            additionalProperties: false,
          },
          strict: true,
          name: 'response',
        },
      },
      messages: [{ role: 'user', content: 'Hi' }],
    },
  },
  {
    client: 'ai openai responses generateText',
    path: '/responses',
    body: { model: 'm', input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }] },
  },
  {
    client: 'ai openai responses streamText',
    path: '/responses',
    body: {
      model: 'm',
      input: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: [{ type: 'input_text', text: 'Hi' }] },
        { role: 'assistant', content: 'Hello.' },
        { role: 'user', content: [{ type: 'input_text', text: 'More' }] },
      ],
      temperature: 0,
      top_p: 0.9,
      max_output_tokens: 40,
      stream: true,
    },
  },
  {
    client: 'ai openai responses generateObject',
    path: '/responses',
    body: {
      model: 'm',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hi' }] }],
      text: {
        format: {
          type: 'json_schema',
          strict: true,
          name: 'response',
          schema: {
            $schema: 'http://json-schema.org/draft-07/schema#',
            type: 'object',
            properties: { name: { type: 'string' }, age: { type: 'number' } },
            required: ['name', 'age'],
            additionalProperties: false,
          },
        },
      },
    },
  },
  {
    client: 'ai openai responses tools',
    path: '/responses',
    body: {
      model: 'm',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Weather?' }] }],
      tools: [
        {
          type: 'function',
          name: 'weather',
          description: 'Weather',
          parameters: {
            $schema: 'http://json-schema.org/draft-07/schema#',
            type: 'object',
            properties: { city: { type: 'string' } },
            required: ['city'],
            additionalProperties: false,
          },
          strict: false,
        },
      ],
      tool_choice: 'auto',
    },
  },
  {
    client: 'langchain invoke',
    path: '/chat/completions',
    body: {
      model: 'm',
      stream: false,
      messages: [
        { role: 'system', content: 'Be brief.' },
        { role: 'user', content: 'Hi' },
        { role: 'assistant', content: 'Hello.' },
        { role: 'user', content: [{ type: 'text', text: 'More' }] },
      ],
    },
  },
  {
    client: 'langchain stream',
    path: '/chat/completions',
    body: {
      model: 'm',
      stream: true,
      stream_options: { include_usage: true },
      messages: [{ role: 'user', content: 'Hi' }],
    },
  },
  {
    client: 'langchain structured',
    path: '/chat/completions',
    body: {
      model: 'm',
      stream: false,
      response_format: {
        type: 'json_schema',
        json_schema: {
          name: 'extract',
          strict: true,
          schema: {
            $schema: 'https://json-schema.org/draft/2020-12/schema',
            type: 'object',
            properties: {
              name: { type: 'string', title: 'extract' },
              age: { type: 'number', title: 'extract' },
            },
            required: ['name', 'age'],
            additionalProperties: false,
            title: 'extract',
          },
        },
      },
      messages: [{ role: 'user', content: 'Hi' }],
    },
  },
  {
    client: 'langchain functionCalling',
    path: '/chat/completions',
    body: {
      model: 'm',
      stream: false,
      tools: [
        {
          type: 'function',
          function: {
            name: 'extract',
            parameters: {
              $schema: 'https://json-schema.org/draft/2020-12/schema',
              type: 'object',
              properties: { name: { type: 'string' }, age: { type: 'number' } },
              required: ['name', 'age'],
              additionalProperties: false,
            },
          },
        },
      ],
      tool_choice: { type: 'function', function: { name: 'extract' } },
      messages: [{ role: 'user', content: 'Hi' }],
    },
  },
  {
    client: 'langchain bindTools',
    path: '/chat/completions',
    body: {
      model: 'm',
      stream: false,
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'w',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
        },
      ],
      messages: [{ role: 'user', content: 'Weather?' }],
    },
  },
  {
    client: 'langchain bindTools',
    path: '/chat/completions',
    body: {
      model: 'm',
      stream: false,
      tools: [
        {
          type: 'function',
          function: {
            name: 'weather',
            description: 'w',
            parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
          },
        },
      ],
      messages: [
        { role: 'user', content: 'Weather?' },
        {
          role: 'assistant',
          content: '',
          tool_calls: [
            { id: 'call_1', type: 'function', function: { name: 'weather', arguments: '{"city":"Bern"}' } },
          ],
        },
        { role: 'tool', content: 'sunny', tool_call_id: 'call_1' },
      ],
    },
  },
  {
    client: 'langchain completion',
    path: '/completions',
    body: { model: 'gpt-3.5-turbo-instruct', n: 1, stream: false, prompt: ['Once'] },
  },
];
