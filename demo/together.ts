/** Several documents in one question, in words: pure. */
import type { TogetherPlan } from '../src/index';
import { formatCount } from './format';

/** What asking them together takes: how much of the context, and what is read again. */
export function describePlan({
  numTokens,
  contextTokens,
  fits,
  numReadTokens,
  documents,
}: TogetherPlan): string {
  const size = `${numTokens.toLocaleString('en')} of ${formatCount(contextTokens, 'token')}`;
  const what = `Asked together: ${formatCount(documents.length, 'document')}, ${size}`;
  if (!fits) return `${what}: they do not fit. Choose fewer, or allow more memory.`;
  // What is left of a page of 16 tokens is read with each question.
  if (numTokens - numReadTokens < 16) return `${what}. All of it is read.`;
  const numAgain = documents.filter(({ isReadAgain }) => isReadAgain).length;
  const isWhole = numAgain === documents.length;
  const where = isWhole ? '' : ' behind the first';
  return `${what}; ${numAgain} ${numAgain === 1 ? 'is' : 'are'} read again${where}, with the first question.`;
}
