import { Engine } from 'longpage';

const out = document.querySelector('#out');
const engine = await Engine.load('/models/scout/', {
  onProgress: ({ loadedBytes, totalBytes }) => (out.textContent = `${loadedBytes} of ${totalBytes} bytes`),
});
const stream = await engine.chat.completions.create({
  messages: [{ role: 'user', content: 'Hello! Who are you?' }],
  max_tokens: 40,
  stream: true,
});
out.textContent = '';
for await (const chunk of stream) out.append(chunk.choices[0]?.delta.content ?? '');
await engine.dispose();
document.title = 'Done';
