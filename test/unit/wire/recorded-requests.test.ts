import { expect, test } from 'vitest';
import { answerFetch } from '../../../src/wire/openai-fetch';
import { recordedRequests } from '../../support/recorded-requests';
import { scriptedEngine } from '../../support/scripted-engine';

test.each(recordedRequests)('$client $path', async ({ path, body }) => {
  // A model that knows tools.
  const engine = scriptedEngine({ chatTemplate: '{% if tools %}<tool_call>{% endif %}' });
  const init = { method: 'POST', body: JSON.stringify({ ...body, model: 'm' }) };
  const response = await answerFetch(engine, `https://x/v1${path}`, init);
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
  const asksForFormat =
    ['response_format', 'text'].some((name) => name in body) || typeof body.tool_choice === 'object';
  expect(engine.requests[0]!.format !== undefined).toBe(asksForFormat);
});
