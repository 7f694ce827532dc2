/**
 * How families of models write the calls of tools in their answers, and their thoughts, as data. A model's family is found in the
 * text of its chat template, which tells the model how to write a call, or writes the calls of the history.
 */

/**
 * What stands between the marks of a call: a JSON object with name and arguments; a list of such objects; a list, or a name and
 * the arguments' JSON (`name[ARGS]{…}`); elements (`<function=name><parameter=key>value</parameter></function>`); or
 * `call:name{key:value}` with strings between marks of their own.
 */
type CallForm = 'object' | 'list' | 'list-or-name' | 'elements' | 'call';

/** How calls are written: `NAME` stands for the tool's name as JSON, `BARE` for the name as it is. */
interface WrittenCalls {
  readonly before: string;
  readonly after: string;
  readonly first?: string;
  readonly between: string;
  readonly last?: string;
}

const object = (key: string) => `{"name": NAME, "${key}": `;
const list: WrittenCalls = {
  first: '[',
  before: object('arguments'),
  after: '}',
  between: ', ',
  last: ']',
};

/** How one family of models calls tools. */
export interface ToolFamily {
  readonly name: string;
  /** What a template of this family has. */
  readonly sign: RegExp;
  /** Stands before a call, or before a list of calls. */
  readonly open: string;
  /** Stands after it; may be missing at the end of an answer. */
  readonly close: string;
  readonly form: CallForm;
  /** What the arguments of an object are called. */
  readonly argumentsKey?: string;
  /** A call may stand at the beginning of an answer without `open`. */
  readonly isBare?: boolean;
  /** Stands before and after a string, with `call`. */
  readonly quote?: string;
  /** What comes before and after a call's arguments, and around and between calls. */
  readonly written: WrittenCalls;
  /** Length of a call's id where templates demand one. */
  readonly idLength?: number;
}

/** The first whose sign is in a template is the template's family. */
export const toolFamilies: readonly ToolFamily[] = [
  {
    name: 'gemma-4',
    sign: /<\|tool_call>/,
    open: '<|tool_call>',
    close: '<tool_call|>',
    form: 'call',
    quote: '<|"|>',
    written: { before: '<|tool_call>call:BARE', after: '<tool_call|>', between: '' },
  },
  {
    name: 'function-gemma',
    sign: /<start_function_call>/,
    open: '<start_function_call>',
    close: '<end_function_call>',
    form: 'call',
    quote: '<escape>',
    written: { before: '<start_function_call>call:BARE', after: '<end_function_call>', between: '' },
  },
  {
    name: 'mistral',
    sign: /\[ARGS\]/,
    open: '[TOOL_CALLS]',
    close: '',
    form: 'list-or-name',
    written: { before: '[TOOL_CALLS]BARE[ARGS]', after: '', between: '' },
    idLength: 9,
  },
  {
    name: 'mistral-list',
    sign: /\[TOOL_CALLS\]/,
    open: '[TOOL_CALLS]',
    close: '',
    form: 'list-or-name',
    written: { ...list, first: '[TOOL_CALLS] [' },
    idLength: 9,
  },
  {
    name: 'granite-3',
    sign: /<\|tool_call\|>/,
    open: '<|tool_call|>',
    close: '',
    form: 'list',
    written: { ...list, first: '<|tool_call|>[' },
  },
  {
    name: 'qwen-3-coder',
    sign: /<tool_call>[^]*<function=/,
    open: '<tool_call>',
    close: '</tool_call>',
    form: 'elements',
    written: {
      before: '<tool_call>\n<function=BARE>\n',
      after: '</function>\n</tool_call>',
      between: '\n',
    },
  },
  // Hermes, Qwen 2.5 and 3, SmolLM3, EXAONE 4, Granite 4; not GLM, whose calls have elements for keys and values.
  {
    name: 'hermes',
    sign: /^(?![^]*<arg_key>)[^]*<tool_call>/,
    open: '<tool_call>',
    close: '</tool_call>',
    form: 'object',
    written: {
      before: `<tool_call>\n${object('arguments')}`,
      after: '}\n</tool_call>',
      between: '\n',
    },
  },
  {
    name: 'llama-3',
    sign: /<\|python_tag\|>|\{"name": function name, "parameters":/,
    open: '<|python_tag|>',
    close: '',
    form: 'object',
    written: { before: object('parameters'), after: '}', between: '; ' },
    argumentsKey: 'parameters',
    isBare: true,
  },
];

/** Marks around what a model thinks before it answers. */
export interface ThoughtMarks {
  readonly open: string;
  readonly close: string;
}

/** All that are known. */
export const thoughtMarks: readonly ThoughtMarks[] = [
  { open: '<think>', close: '</think>' },
  { open: '[THINK]', close: '[/THINK]' },
];

/** The family of a chat template; undefined where it says nothing of tools, or writes calls in a way that is not known. */
export function familyOf(template: string): ToolFamily | undefined {
  if (!/\btools\b/.test(template)) return undefined;
  return toolFamilies.find(({ sign }) => sign.test(template));
}

/** Texts that may be special tokens of the vocabulary and must not be left out of an answer that is to be read. */
export function marksOf(family: ToolFamily | undefined): string[] {
  const thoughts = thoughtMarks.flatMap(({ open, close }) => [open, close]);
  const calls = family ? [family.open, family.close, family.quote ?? '', '[ARGS]', '[CALL_ID]'] : [];
  return [...thoughts, ...calls].filter((text) => text !== '');
}

/**
 * Whether a template wants the arguments of the history's calls as text, as it joins them to other texts; else it wants the object
 * that they are.
 */
export function wantsArgumentsAsText(template: string): boolean {
  const joins = /arguments['"]?\]?\s*[+~]|[+~]\s*[\w.[\]'"]*arguments['"]?\]?\s*(?:[-+~%}]|$)/;
  return joins.test(template) && !/arguments['"]?\]?\s*\|\s*(?:tojson|items|dictsort)/.test(template);
}
