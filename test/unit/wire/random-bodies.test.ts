import { expect, test } from 'vitest';
import { isFullRun } from '../../support/full-run';
import { answerFetch } from '../../../src/wire/openai-fetch';
import { randomBody } from '../../support/random-body';
import { randomSource } from '../../../tools/util/random';
import { scriptedEngine } from '../../support/scripted-engine';

const paths = ['/chat/completions', '/completions', '/responses', '/embeddings'];
const numBodies = isFullRun ? 1000 : 200;

test('bodies that nobody means well are answered, or refused with a sentence; the next request is answered', async () => {
  const next = randomSource(20261130);
  const engine = scriptedEngine();
  const counts = { 200: 0, 400: 0, 404: 0 };
  for (let i = 0; i < numBodies; i++) {
    const path = paths[Math.floor(next() * paths.length)]!;
    const body = randomBody(next);
    const label = `${i}: ${path} ${body.slice(0, 300)}`;
    const response = await answerFetch(engine, path, { method: 'POST', body });
    expect([200, 400, 404], label).toContain(response.status);
    counts[response.status as keyof typeof counts]++;
    if (response.status === 200) {
      await response.text();
      continue;
    }
    const { error } = (await response.json()) as { error: { message: string } };
    expect(error.message, label).toMatch(/^["A-Z].*\.$/s);
    expect(error.message.length, label).toBeLessThan(700);
  }
  expect(counts[400]).toBeGreaterThan(numBodies / 2);
  const good = { method: 'POST', body: JSON.stringify({ messages: [{ role: 'user', content: 'Hi' }] }) };
  expect((await answerFetch(engine, '/chat/completions', good)).status).toBe(200);
});
