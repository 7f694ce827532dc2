/** The document that ships with the page, written for Scout, and questions that it answers. */

/** The sample's name in the library: it is there once at most. */
export const sampleId = 'sample';

const numSuggestions = 5;

const base = new URL('models/scout/', document.baseURI).href;

async function read(name: string): Promise<Response> {
  const response = await fetch(base + name);
  if (!response.ok) throw new Error(`The sample could not be read: the server answered ${response.status}.`);
  return response;
}

/** The sample: its first line is its title. */
export async function readSample(): Promise<{ title: string; text: string }> {
  const text = await (await read('sample.txt')).text();
  return { title: text.slice(0, text.indexOf('\n')).trim(), text };
}

/** The first few of the questions, of different kinds. */
export async function readSampleQuestions(): Promise<string[]> {
  const questions = (await (await read('sample-questions.json')).json()) as { question: string }[];
  return questions.slice(0, numSuggestions).map(({ question }) => question);
}
