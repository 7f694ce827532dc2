/** Checks that every export under `src/` has a doc comment where it is declared. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { filesUnder, root } from './files.mjs';

function hasDocComment(node) {
  return ts.getJSDocCommentsAndTags(node).some((comment) => ts.isJSDoc(comment));
}

function declaredNames(statement) {
  if (ts.isVariableStatement(statement)) {
    return statement.declarationList.declarations.map((declaration) => declaration.name.getText());
  }
  return [statement.name?.getText() ?? 'default'];
}

/** `path:line` and name of every export of a source that is declared without a doc comment; re-exports do not count. */
export function undocumentedExports(path, source) {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest, true);
  const documentedOverloads = new Set();
  return file.statements
    .filter((statement) => ts.canHaveModifiers(statement))
    .filter((statement) =>
      ts.getModifiers(statement)?.some((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword),
    )
    .flatMap((statement) => {
      const names = declaredNames(statement);
      if (hasDocComment(statement)) {
        for (const name of names) documentedOverloads.add(name);
        return [];
      }
      const { line } = file.getLineAndCharacterOfPosition(statement.getStart());
      return names
        .filter((name) => !documentedOverloads.has(name))
        .map((name) => `${path}:${line + 1} '${name}' has no doc comment`);
    });
}

function main() {
  const files = filesUnder('src', '.ts').filter((name) => !name.endsWith('.d.ts'));
  const complaints = files.flatMap((path) =>
    undocumentedExports(path, readFileSync(join(root, path), 'utf8')),
  );
  for (const complaint of complaints) console.error(complaint);
  console.log(`${files.length} files`);
  if (complaints.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
