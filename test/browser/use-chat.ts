/** `useChat` of the AI SDK in a React page, with an agent on the engine in the place of a route on a server. */
import { useChat } from '@ai-sdk/react';
import {
  DirectChatTransport,
  isToolUIPart,
  ToolLoopAgent,
  type ChatTransport,
  type LanguageModel,
  type ToolSet,
  type UIMessage,
} from 'ai';
import { createElement, useEffect, useRef } from 'react';
import { createRoot } from 'react-dom/client';

/** What a page of one question came to. */
interface Conversation {
  readonly text: string;
  /** Results of tools. */
  readonly outputs: readonly unknown[];
  /** Each status that the hook had, in order. */
  readonly statuses: readonly string[];
}

/** Asks one question through the hook, as a component does, and resolves when the answer is whole. */
export function converse(
  model: LanguageModel,
  question: string,
  settings: Omit<ConstructorParameters<typeof ToolLoopAgent<never, ToolSet>>[0], 'model'> = {},
): Promise<Conversation> {
  const agent = new ToolLoopAgent<never, ToolSet>({ model, ...settings });
  // Its type knows the tools that the hook is not asked about.
  const transport = new DirectChatTransport({ agent }) as unknown as ChatTransport<UIMessage>;
  const place = document.body.appendChild(document.createElement('div'));
  const root = createRoot(place);
  const statuses: string[] = [];
  return new Promise<Conversation>((resolve, reject) => {
    function Chat() {
      const { messages, sendMessage, status, error } = useChat({ transport });
      const isAsked = useRef(false);
      useEffect(() => {
        if (isAsked.current) return;
        isAsked.current = true;
        void sendMessage({ text: question });
      }, [sendMessage]);
      useEffect(() => {
        if (statuses.at(-1) !== status) statuses.push(status);
        if (error) reject(error);
        if (status !== 'ready' || messages.length < 2) return;
        const { parts } = messages.at(-1)!;
        resolve({
          text: parts.map((part) => (part.type === 'text' ? part.text : '')).join(''),
          outputs: parts.filter(isToolUIPart).map(({ output }) => output),
          statuses,
        });
      }, [messages, status, error]);
      return null;
    }
    root.render(createElement(Chat));
  }).finally(() => {
    root.unmount();
    place.remove();
  });
}
