import { useState } from 'react';
import { createRoot } from 'react-dom/client';
import { useEngine } from './use-engine.js';

function Chat() {
  const { engine, progress, error } = useEngine('/models/scout/');
  const [question, setQuestion] = useState('Hello! Who are you?');
  const [answer, setAnswer] = useState('');
  const [isBusy, setBusy] = useState(false);

  async function ask(event) {
    event.preventDefault();
    setBusy(true);
    setAnswer('');
    try {
      const stream = await engine.chat.completions.create({
        messages: [{ role: 'user', content: question }],
        max_tokens: 40,
        stream: true,
      });
      for await (const chunk of stream) setAnswer((text) => text + (chunk.choices[0]?.delta.content ?? ''));
    } catch (reason) {
      setAnswer(reason.message);
    } finally {
      setBusy(false);
    }
  }

  if (error) return <p role="alert">{error.message}</p>;
  if (!engine) return <p>{Math.round(100 * progress)} % loaded</p>;
  return (
    <form onSubmit={(event) => void ask(event)}>
      <label>
        Question <input value={question} onChange={(event) => setQuestion(event.target.value)} />
      </label>
      <button disabled={isBusy}>Ask</button>
      <p id="out" aria-live="polite" aria-busy={isBusy}>
        {answer}
      </p>
    </form>
  );
}

createRoot(document.querySelector('#root')).render(<Chat />);
