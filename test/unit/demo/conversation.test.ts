import { expect, test } from 'vitest';
import {
  branchesAt,
  newConversation,
  titleOf,
  visibleTurns,
  withBranch,
  withTurn,
  type Conversation,
  type Turn,
} from '../../../demo/conversation';

const question = (id: string, parentId?: string): Turn => ({
  id,
  parentId,
  role: 'user',
  content: `Q ${id}`,
});
const answer = (id: string, parentId: string): Turn => ({
  id,
  parentId,
  role: 'assistant',
  content: `A ${id}`,
});

const build = (...turns: Turn[]): Conversation =>
  turns.reduce((whole, turn) => withTurn(whole, turn, 1), newConversation('c', 'd', 0));
const shown = (conversation: Conversation) => visibleTurns(conversation).map(({ id }) => id);

test('turns follow each other from the first', () => {
  const conversation = build(question('1'), answer('2', '1'), question('3', '2'));
  expect(shown(conversation)).toEqual(['1', '2', '3']);
  expect(shown(newConversation('c', 'd', 0))).toEqual([]);
});

test('a turn that is there is replaced, and the place of the others stays', () => {
  const conversation = build(question('1'), answer('2', '1'));
  const grown = withTurn(conversation, { ...answer('2', '1'), content: 'longer' }, 2);
  expect(visibleTurns(grown).map(({ content }) => content)).toEqual(['Q 1', 'longer']);
  expect(grown.updatedAt).toBe(2);
});

test('an edited first question is a branch; both keep what follows them', () => {
  const both = build(question('1'), answer('2', '1'), question('3', '2'), question('1b'), answer('2b', '1b'));
  expect(shown(both)).toEqual(['1b', '2b']);
  const first = both.turns[0]!;
  expect(branchesAt(both, first).map(({ id }) => id)).toEqual(['1', '1b']);
  expect(shown(withBranch(both, first))).toEqual(['1', '2', '3']);
});

test('a second answer is a branch, and asking on continues the one that is shown', () => {
  const both = build(question('1'), answer('2', '1'), answer('2b', '1'));
  expect(shown(withTurn(both, question('3', '2b'), 1))).toEqual(['1', '2b', '3']);
  expect(shown(withBranch(both, both.turns[1]!))).toEqual(['1', '2']);
});

test('is listed by its first question in one short line', () => {
  expect(titleOf(newConversation('c', 'd', 0))).toBe('New conversation');
  expect(titleOf(build({ ...question('1'), content: ' Who\n is   it? ' }))).toBe('Who is it?');
  expect(titleOf(build({ ...question('1'), content: 'word '.repeat(30) })).length).toBeLessThanOrEqual(60);
});
