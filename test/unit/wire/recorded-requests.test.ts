import { expect, test } from 'vitest';
import { answerFetch } from '../../../src/wire/openai-fetch';
import { recordedRequests } from '../../support/recorded-requests';
import { scriptedEngine } from '../../support/scripted-engine';

/** A model that knows tools. */
const script = { chatTemplate: '{% if tools %}<tool_call>{% endif %}' };
/** What this engine cannot do yet, by the field that says so. */
const unsupported = ['response_format', 'text'];
const asksFor = (body: Record<string, unknown>) =>
  unsupported.some((name) => name in body) || typeof body.tool_choice === 'object';

test.each(recordedRequests.filter(({ body }) => !asksFor(body)))('$client $path', async ({ path, body }) => {
  const init = { method: 'POST', body: JSON.stringify({ ...body, model: 'm' }) };
  const response = await answerFetch(scriptedEngine(script), `https://x/v1${path}`, init);
  expect([response.status, await response.text()]).toEqual([200, expect.any(String)]);
});

test.each(recordedRequests.filter(({ body }) => asksFor(body)))(
  '$client $path is refused by name',
  async ({ path, body }) => {
    const init = { method: 'POST', body: JSON.stringify({ ...body, model: 'm' }) };
    const response = await answerFetch(scriptedEngine(script), `https://x/v1${path}`, init);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: { code: 'unsupported' } });
  },
);
