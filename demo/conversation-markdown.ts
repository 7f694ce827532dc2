/** A conversation as Markdown, to be kept elsewhere: questions, answers, and the passages that they came from. Pure. */
import { visibleTurns, type Conversation, type Source, type Turn } from './conversation';
import { excerpt, sentencesOf } from './paragraphs';

/** Longer passages are shortened, in characters. */
const longestPassage = 600;

const endings: Readonly<Record<NonNullable<Turn['ending']>, string>> = {
  stopped: 'Stopped before its end.',
  length: 'Cut off at the limit of its length.',
  failed: 'Failed before its end.',
  left: 'The page was left before its end.',
};

function passage(source: Source, text: string, documentId: string): string {
  const { document, location, mass } = source;
  const isOfOther = document !== undefined && document.id !== documentId;
  const places = [document?.title, location].filter((place) => place !== undefined);
  const where = places.length > 0 ? `${places.join(' · ')}: ` : '';
  const said = isOfOther
    ? excerpt(document.text, { start: 0, end: document.text.length }, longestPassage)
    : excerpt(text, sentencesOf(text, source), longestPassage);
  return `> ${where}${said} (${Math.round(100 * mass)} % of its attention)`;
}

function answer(
  { content, ending, sources = [], isGuess, part }: Turn,
  text: string | undefined,
  documentId: string,
): string[] {
  const notes = [
    ...(ending ? [endings[ending]] : []),
    ...(part ? [`From the first ${part.numReadTokens} of ${part.numTokens} tokens of the document.`] : []),
  ];
  const heading = isGuess ? 'Looked at most (a guess):' : 'Where this came from:';
  const passages = text === undefined ? [] : sources.map((source) => passage(source, text, documentId));
  return [
    content.trim(),
    ...notes.map((note) => `*${note}*`),
    ...(passages.length > 0 ? [heading, passages.join('\n>\n')] : []),
  ];
}

/**
 * The branches of a conversation that are shown.
 * @param title of the document that it is about; undefined for none
 * @param text of that document, for its passages
 */
export function conversationMarkdown(
  conversation: Conversation,
  title: string | undefined,
  text: string | undefined,
): string {
  const turns = visibleTurns(conversation).flatMap((turn) =>
    turn.role === 'user'
      ? [`## ${turn.content.trim().replace(/\s*\n\s*/g, ' ')}`]
      : answer(turn, text, conversation.documentId),
  );
  const head = title === undefined ? '# Conversation' : `# Questions on “${title}”`;
  const date = new Date(conversation.updatedAt).toISOString().slice(0, 10);
  return `${[head, date, ...turns].filter((block) => block !== '').join('\n\n')}\n`;
}
