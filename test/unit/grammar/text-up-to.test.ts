import { expect, test } from 'vitest';
import { Automaton } from '../../../src/grammar/automaton';
import { GrammarBuilder } from '../../../src/grammar/grammar';
import { accepts } from '../../../src/grammar/json-schema';
import { textUpTo } from '../../../src/grammar/text-up-to';

test.each(['<', '<end>', 'aab', 'abab', 'é>'])(
  'any text up to the first %j, whatever begins like it',
  (mark) => {
    const builder = new GrammarBuilder();
    const automaton = new Automaton(builder, textUpTo(builder, mark));
    const letters = [...new Set(['x', '\n', ...mark.split('')])];
    let texts = [''];
    for (let length = 0; length < mark.length + 3; length++) {
      for (const text of texts)
        expect(accepts(automaton, text), text).toBe(
          text.indexOf(mark) === text.length - mark.length && text.endsWith(mark),
        );
      texts = texts.flatMap((text) => letters.map((letter) => text + letter)).slice(0, 4000);
    }
  },
);
