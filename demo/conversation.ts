/** A conversation as a tree: an edited question or a second answer is a branch beside the first, and both are kept. Pure. */

/** A passage of the document that an answer came from: characters of its text, half-open. */
export interface Source {
  readonly start: number;
  readonly end: number;
  /** Share of the attention that went to it, 0 to 1. */
  readonly mass: number;
  /** The page, chapter or heading, where the document has such. */
  readonly location?: string;
  /** Where several were asked together: the document that it is of, and what it says there. */
  readonly document?: { readonly id: string; readonly title: string; readonly text: string };
}

/** The beginning of a document, as far as it was read. */
export interface DocumentPart {
  readonly numReadTokens: number;
  readonly numTokens: number;
}

/** One question or answer. */
export interface Turn {
  readonly id: string;
  /** The turn that this one follows; none at the beginning. */
  readonly parentId: string | undefined;
  readonly role: 'user' | 'assistant';
  readonly content: string;
  /** What the model thought before its answer. */
  readonly thoughts?: string;
  /** Why an answer is not complete: the person stopped it, a limit was reached, it failed, or the page was left. */
  readonly ending?: 'stopped' | 'length' | 'failed' | 'left';
  readonly sources?: readonly Source[];
  /** Nobody has measured which of the model's heads retrieve: its sources are a guess. */
  readonly isGuess?: boolean;
  readonly isExact?: boolean;
  /** What an answer could come from, where the document was not read to its end. */
  readonly part?: DocumentPart;
  readonly firstTokenMs?: number;
  readonly tokensPerSecond?: number;
}

/** All turns on one thread, and which branch is shown where there are several. */
export interface Conversation {
  readonly id: string;
  /** The document that it is about; empty for none. */
  readonly documentId: string;
  /** Documents that are asked together with it, in order. */
  readonly besideIds?: readonly string[];
  readonly updatedAt: number;
  readonly turns: readonly Turn[];
  /** By parent (empty for the beginning): the turn that is shown after it. */
  readonly chosen: Readonly<Record<string, string>>;
}

/** Name of a conversation that nobody has asked anything in. */
export const newConversationTitle = 'New conversation';

const keyOf = (parentId: string | undefined): string => parentId ?? '';

/** A conversation without turns. */
export function newConversation(id: string, documentId: string, now: number): Conversation {
  return { id, documentId, updatedAt: now, turns: [], chosen: {} };
}

/** What it is listed as: its first question as shown, shortened. */
export function titleOf(conversation: Conversation): string {
  const first = visibleTurns(conversation)[0]?.content.replace(/\s+/g, ' ').trim() ?? '';
  if (first === '') return newConversationTitle;
  return first.length > 60 ? `${first.slice(0, 59).trimEnd()}…` : first;
}

/** The turns from the beginning to the end of the branches that are shown. */
export function visibleTurns({ turns, chosen }: Conversation): Turn[] {
  const byId = new Map(turns.map((turn) => [turn.id, turn]));
  const path: Turn[] = [];
  for (let turn = byId.get(chosen['']!); turn; turn = byId.get(chosen[turn.id]!)) path.push(turn);
  return path;
}

/** The turns that stand at the same place as `turn`, itself included, oldest first. */
export function branchesAt({ turns }: Conversation, turn: Turn): Turn[] {
  return turns.filter(({ parentId }) => parentId === turn.parentId);
}

/** With `turn` added or, when there is one with its id, in its place; and shown. */
export function withTurn(conversation: Conversation, turn: Turn, now: number): Conversation {
  const { turns, chosen } = conversation;
  const isKnown = turns.some(({ id }) => id === turn.id);
  return {
    ...conversation,
    updatedAt: now,
    turns: isKnown ? turns.map((other) => (other.id === turn.id ? turn : other)) : [...turns, turn],
    chosen: { ...chosen, [keyOf(turn.parentId)]: turn.id },
  };
}

/** With another branch shown: `turn` in place of its siblings. */
export function withBranch(conversation: Conversation, turn: Turn): Conversation {
  return { ...conversation, chosen: { ...conversation.chosen, [keyOf(turn.parentId)]: turn.id } };
}
