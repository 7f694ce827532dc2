/** Scores answers: one pure function per sort of task, each from 0 to 1. */
import { readLooseJson } from './json-reader';
import type { Task, Turn } from './task';

/** Lower case, one space between words, no quotation marks, and no punctuation at the ends. */
export function normalize(text: string): string {
  return text
    .toLowerCase()
    .replace(/["“”`*]/g, '')
    .replace(/[‘’]/g, "'")
    .replace(/\s+/g, ' ')
    .replace(/^[\s.,;:!?'()]+|[\s.,;:!?'()]+$/g, '');
}

/** 1 when the answer is the value, or a sentence that ends in it. */
export function scoreValue(answer: string, value: string): number {
  const [given, wanted] = [normalize(answer), normalize(value)];
  return given === wanted || given.endsWith(` ${wanted}`) ? 1 : 0;
}

/** 1 when the answer is the text. */
export function scoreText(answer: string, text: string): number {
  return normalize(answer) === normalize(text) ? 1 : 0;
}

/** Share of the different values that the answer has as whole words. */
export function scoreSet(answer: string, values: readonly string[]): number {
  const given = normalize(answer);
  const wanted = new Set(values.map(normalize));
  return [...wanted].filter((value) => containsWords(given, value)).length / wanted.size;
}

/** 1 when the answer says that the document has none. */
export function scoreAbsent(answer: string): number {
  return /\b(does|do|did) not (say|mention|state|give|contain)\b|\bnot (mentioned|given|stated)\b/.test(
    normalize(answer),
  )
    ? 1
    : 0;
}

/** Half for the share of the list, half for its length as a number. */
export function scoreCount(answer: string, values: readonly string[]): number {
  const count = /(\d+)\D*$/.exec(answer)?.[1];
  return (scoreSet(answer, values) + Number(count === String(values.length))) / 2;
}

/** Share of the wanted record's fields that the answer has; fields beyond them take their share. */
export function scoreRecord(answer: string, wanted: unknown): number {
  const value = readLooseJson(answer);
  const given: unknown = Array.isArray(value) ? value[0] : value;
  return isRecord(given) && isRecord(wanted) ? shareOf([given], [wanted]) : 0;
}

/** Share of all wanted records' fields; records are matched by their `id`. Records beyond them take their share. */
export function scoreRecords(answer: string, wanted: unknown): number {
  const value = readLooseJson(answer);
  const given = Array.isArray(value) ? (value as unknown[]).filter(isRecord) : isRecord(value) ? [value] : [];
  return Array.isArray(wanted) ? shareOf(given, (wanted as unknown[]).filter(isRecord)) : 0;
}

/** The score of an answer to a turn. */
export function scoreAnswer(turn: Turn, answer: string): number {
  return scorers[turn.task](answer, turn);
}

type Scorer = (answer: string, turn: Turn) => number;
type JsonRecord = Record<string, unknown>;

const value: Scorer = (answer, turn) => scoreValue(answer, turn.fields?.[0] ?? turn.answer);
const text: Scorer = (answer, turn) => scoreText(answer, turn.answer);
const set: Scorer = (answer, turn) => scoreSet(answer, turn.fields ?? [turn.answer]);

const scorers: Readonly<Record<Task, Scorer>> = {
  'one-fact': value,
  'two-hop': value,
  latest: value,
  several: set,
  'key-value': value,
  count: (answer, turn) => scoreCount(answer, turn.fields ?? [turn.answer]),
  'json-record': (answer, turn) => scoreRecord(answer, JSON.parse(turn.answer)),
  'json-all': (answer, turn) => scoreRecords(answer, JSON.parse(turn.answer)),
  quote: text,
  absent: scoreAbsent,
  'follow-up': value,
  'needle-single': value,
  'needle-multi-key': value,
  'needle-multi-value': set,
  'needle-multi-query': set,
  variables: set,
  'common-words': set,
};

function containsWords(given: string, wanted: string): boolean {
  const isInside = (character: string | undefined) =>
    character !== undefined && /[\p{L}\p{N}]/u.test(character);
  for (let at = given.indexOf(wanted); at >= 0; at = given.indexOf(wanted, at + 1)) {
    if (!isInside(given[at - 1]) && !isInside(given[at + wanted.length])) return true;
  }
  return false;
}

function isRecord(candidate: unknown): candidate is JsonRecord {
  return typeof candidate === 'object' && candidate !== null && !Array.isArray(candidate);
}

/** Right fields over wanted or given ones, whichever are more; a record without an `id` is matched by its place. */
function shareOf(given: readonly JsonRecord[], wanted: readonly JsonRecord[]): number {
  const fieldsOf = (records: readonly JsonRecord[]) =>
    records.reduce((sum, record) => sum + Object.keys(record).length, 0);
  const numFields = Math.max(fieldsOf(given), fieldsOf(wanted));
  if (numFields === 0) return 0;
  const unmatched = new Set(given);
  let numRight = 0;
  for (const [i, record] of wanted.entries()) {
    const match = 'id' in record ? [...unmatched].find(({ id }) => isSame(id, record['id'])) : given.at(i);
    if (!match) continue;
    unmatched.delete(match);
    numRight += Object.entries(record).filter(([key, field]) => isSame(match[key], field)).length;
  }
  return numRight / numFields;
}

/** Whether two plain values read the same: a number in a text is that number. */
function isSame(a: unknown, b: unknown): boolean {
  const [left, right] = [plainText(a), plainText(b)];
  return left !== undefined && left === right;
}

function plainText(value: unknown): string | undefined {
  const isPlain = typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean';
  return isPlain ? normalize(String(value)) : undefined;
}
