/** A text is read once and kept in this browser; questions on it are answered with the passages that the answers came from. */
import { Engine } from 'longpage';

const find = (id) => document.getElementById(id);
const say = (text) => (find('status').textContent = text);
const id = 'example';

/** Runs what a form asks for; while it runs, neither form takes anything else, and what goes wrong is said. */
function onSubmit(form, work) {
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const buttons = document.querySelectorAll('button');
    for (const button of buttons) button.disabled = true;
    try {
      await work();
    } catch (error) {
      say(error.message);
    } finally {
      for (const button of buttons) button.disabled = false;
    }
  });
}

say('Loading the model…');
const engine = await Engine.load('/models/scout/');
const isKept = (await engine.documents.list()).some((info) => info.id === id && info.state === 'complete');
if (isKept) find('text').value = await engine.documents.text(id);
say(isKept ? 'Ready: the text was read another time.' : 'Ready for a text.');

onSubmit(find('reading'), async () => {
  const kept = (await engine.documents.list()).some((info) => info.id === id);
  if (kept) await engine.documents.delete(id);
  await engine.documents.add(id, find('text').value, {
    onProgress: ({ numReadTokens, numTokens }) => say(`${numReadTokens} of ${numTokens} tokens read`),
  });
  say('Read.');
});

onSubmit(find('asking'), async () => {
  find('answer').textContent = '';
  find('sources').replaceChildren();
  say('Answering…');
  const stream = await engine.chat.completions.create({
    document: id,
    messages: [{ role: 'user', content: find('question').value }],
    max_tokens: 60,
    sources: 2,
    stream: true,
  });
  for await (const { choices } of stream) {
    const [choice] = choices;
    find('answer').append(choice?.delta.content ?? '');
    for (const { text } of choice?.sources?.passages ?? []) {
      const item = document.createElement('li');
      item.textContent = text;
      find('sources').append(item);
    }
  }
  say('Answered.');
});
