/** What legacy completions need beyond chats: a part that is fetched with the first of them. */
export { buildCompletion, streamCompletion } from './build-completion';
export { validateCompletionRequest } from './validate-completion-request';
