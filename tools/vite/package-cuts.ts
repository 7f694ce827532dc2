/**
 * Leaves out of a build what our own code never reaches in a package: the functions that would reach it get another body, and
 * the bundler drops the rest. Tests run on the package as it is cut.
 */
import ts from 'typescript';
import type { Plugin } from 'vite';

/** New bodies by the name of a function, or `Class.method`. */
export type Cuts = Readonly<Record<string, string>>;

/** What is cut, by the end of a module's path. */
const cuts: Readonly<Record<string, Cuts>> = {
  '@huggingface/tokenizers/dist/tokenizers.mjs': {
    // src/tokenizer/tokenizer.ts refuses models of other types.
    create_tokenizer_model:
      'return model_config.type === "BPE" ? new BPE_default(model_config) : new Unigram_default(model_config, config.eos_token);',
    // src/tokenizer/token-bytes.ts decodes; the library gets no decoder from src/tokenizer/pipeline-fixes.ts.
    create_decoder: 'return null;',
    'Tokenizer.decode': '',
    'Tokenizer.tokenize': '',
    'Tokenizer.get_vocab': '',
  },
};

/** The bodies of the functions and methods that a source declares at its top, by the names that `Cuts` have. */
function bodiesIn(file: ts.SourceFile): [name: string, body: ts.Block][] {
  const found: [string, ts.Block][] = [];
  const add = (name: string, body: ts.Block | undefined) => body && found.push([name, body]);
  const addMethods = (className: string, members: ts.NodeArray<ts.ClassElement>) => {
    for (const member of members)
      if (ts.isMethodDeclaration(member)) add(`${className}.${member.name.getText()}`, member.body);
  };
  for (const statement of file.statements) {
    if (ts.isFunctionDeclaration(statement) && statement.name) add(statement.name.text, statement.body);
    if (!ts.isVariableStatement(statement)) continue;
    for (const { name, initializer } of statement.declarationList.declarations)
      if (initializer && ts.isClassExpression(initializer)) addMethods(name.getText(), initializer.members);
  }
  return found;
}

/** The source with other bodies in some of its functions. @throws Error for a function that it does not have once */
export function cutFunctions(source: string, bodies: Cuts): string {
  const found = bodiesIn(ts.createSourceFile('package.js', source, ts.ScriptTarget.Latest, true));
  const edits = Object.entries(bodies).map(([name, text]) => {
    const [body, ...others] = found.filter(([known]) => known === name).map(([, block]) => block);
    if (!body || others.length > 0) throw new Error(`The package has no function '${name}', or several.`);
    return { start: body.getStart(), end: body.end, text: `{ ${text} }` };
  });
  let result = source;
  for (const { start, end, text } of edits.sort((a, b) => b.start - a.start))
    result = result.slice(0, start) + text + result.slice(end);
  return result;
}

/** See the file's header. */
export function packageCuts(): Plugin {
  return {
    name: 'longpage-package-cuts',
    enforce: 'pre',
    transform(code, id) {
      const [path = ''] = id.split('?');
      const found = Object.entries(cuts).find(([end]) => path.endsWith(end));
      return found ? { code: cutFunctions(code, found[1]), map: null } : null;
    },
  };
}
