/** The document that ships with the page, written for Scout, and questions that it answers. */

/** The sample's name in the library: it is there once at most. */
export const sampleId = 'sample';

/** The name of the part of the sample with so many characters. */
export const samplePartId = (numChars: number): string => `${sampleId}-${numChars}`;

/** Whether a document is the sample or a part of it. */
export const isOfSample = (id: string): boolean => id === sampleId || id.startsWith(`${sampleId}-`);

const numSuggestions = 5;

/** Where the sample is, from any address of the page. */
const addressOf = (name: string): URL => new URL(`models/scout/${name}`, document.baseURI);

async function read(name: string): Promise<Response> {
  const response = await fetch(addressOf(name));
  if (!response.ok) throw new Error(`The sample could not be read: the server answered ${response.status}.`);
  return response;
}

/** The sample: its first line is its title. */
export async function readSample(): Promise<{ title: string; text: string }> {
  const text = await (await read('sample.txt')).text();
  return { title: text.slice(0, text.indexOf('\n')).trim(), text };
}

/**
 * Enough of the sample to ask about, and short enough that a processor reads it within a minute: how it begins, and the people of
 * the town, without the stories of how the town began.
 */
export function shortSample(text: string): string {
  const at = (heading: string) => text.indexOf(`\n\n${heading}\n`);
  const people = text.slice(at('The harbour and its people'), at('Ships, inns and choirs'));
  return `${text.slice(0, at('How the town began'))}${people}`;
}

/** A question on the sample and its answer. */
export interface SampleQuestion {
  readonly question: string;
  readonly answer: string;
}

/** All questions, in the order in which they are worth asking. */
export async function readSampleQuestions(): Promise<SampleQuestion[]> {
  return (await (await read('sample-questions.json')).json()) as SampleQuestion[];
}

/** The first few questions that a part of the sample answers; for all of it some that take more than looking up. */
export function suggestionsFor(
  questions: readonly SampleQuestion[],
  part: string,
  isWhole: boolean,
): string[] {
  return questions
    .filter((question) => isWhole || isAnsweredIn(part, question))
    .slice(0, numSuggestions)
    .map(({ question }) => question);
}

/** Whether a part has the answer, and all that the question names: a town that is named there may have its toll elsewhere. */
function isAnsweredIn(part: string, { question, answer }: SampleQuestion): boolean {
  const words = new Set(part.match(/[\p{L}\p{N}]+/gu));
  const names = question.match(/(?<=\s)[\p{Lu}\p{N}][\p{L}\p{N}]*/gu) ?? [];
  const answerWords = answer.match(/[\p{L}\p{N}]+/gu) ?? [];
  return part.includes(answer) && [...names, ...answerWords].every((word) => words.has(word));
}
