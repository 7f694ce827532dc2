/** A conversation as a file: what was asked, what was answered, and where it came from. */
import { expect, test } from 'vitest';
import { newConversation, withTurn, type Turn } from '../../../demo/conversation';
import { conversationMarkdown } from '../../../demo/conversation-markdown';
import { placesIn } from '../../../demo/paragraphs';

const text = 'Saltmere is small. Clara answers on 6243. She plays.';
const question: Turn = { id: 'q', parentId: undefined, role: 'user', content: 'Which\nextension?' };
const answer: Turn = {
  id: 'a',
  parentId: 'q',
  role: 'assistant',
  content: '6243.',
  ending: 'length',
  sources: [{ start: 22, end: 36, mass: 0.62, location: 'p. 37' }],
};

test('questions are headings, answers have their endings and passages with their places', () => {
  const asked = [question, answer].reduce(
    (all, turn) => withTurn(all, turn, 0),
    newConversation('c', 'd', 0),
  );
  expect(conversationMarkdown(asked, 'Saltmere', text)).toBe(
    '# Questions on “Saltmere”\n\n1970-01-01\n\n## Which extension?\n\n6243.\n\n*Cut off at the limit of its length.*\n\n' +
      'Where this came from:\n\n> p. 37: Clara answers on 6243. (62 % of its attention)\n',
  );
  expect(conversationMarkdown(asked, undefined, undefined)).not.toContain('Where this came from');
});

test('passages of documents that were asked together name theirs', () => {
  const of = (id: string, said: string) => ({ id, title: `The ${id}`, text: said });
  const sources = [
    { start: 22, end: 36, mass: 0.5, document: of('d', 'Clara answers') },
    { start: 900, end: 915, mass: 0.25, location: 'p. 2', document: of('other', 'She answers on 1.') },
  ];
  const asked = [question, { ...answer, sources }].reduce(
    (all, turn) => withTurn(all, turn, 0),
    newConversation('c', 'd', 0),
  );
  expect(conversationMarkdown(asked, 'Saltmere', text)).toContain(
    '> The d: Clara answers on 6243. (50 % of its attention)\n>\n> The other · p. 2: She answers on 1. (25 % of its attention)',
  );
});

test('places that begin in a stretch of text', () => {
  const places = [0, 10, 20, 30].map((startChar) => ({ startChar }));
  expect(placesIn(places, 10, 21)).toEqual([{ startChar: 10 }, { startChar: 20 }]);
  expect(placesIn(places, 31, 99)).toEqual([]);
});
