/** Checks that no file imports itself in a circle, be it for values or for types alone; an `import()` ends a circle. */
import { readFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import { pathToFileURL } from 'node:url';
import ts from 'typescript';
import { filesUnder, root } from './files.mjs';

/** Relative modules that a source imports or exports from when it is loaded or type-checked, as they are written. */
export function staticImports(path, source) {
  const file = ts.createSourceFile(path, source, ts.ScriptTarget.Latest);
  return file.statements
    .filter((statement) => ts.isImportDeclaration(statement) || ts.isExportDeclaration(statement))
    .flatMap(({ moduleSpecifier }) => (moduleSpecifier ? [moduleSpecifier.text] : []))
    .filter((name) => name.startsWith('.'))
    .map((name) => posix.join(posix.dirname(path), name));
}

/**
 * The circles of a graph, each as the names of all that reach each other, sorted.
 * @param {ReadonlyMap<string, readonly string[]>} graph what each name leads to
 */
export function findCircles(graph) {
  // Tarjan: of the names on the stack, those that reach back to the same lowest one are a circle.
  const order = new Map();
  const lowest = new Map();
  const stack = [];
  const circles = [];
  const visit = (name) => {
    order.set(name, order.size);
    lowest.set(name, order.get(name));
    stack.push(name);
    for (const next of graph.get(name) ?? []) {
      if (!order.has(next)) visit(next);
      if (stack.includes(next)) lowest.set(name, Math.min(lowest.get(name), lowest.get(next)));
    }
    if (lowest.get(name) !== order.get(name)) return;
    const circle = stack.splice(stack.indexOf(name));
    if (circle.length > 1 || (graph.get(name) ?? []).includes(name)) circles.push(circle.sort());
  };
  for (const name of graph.keys()) if (!order.has(name)) visit(name);
  return circles;
}

function main() {
  const files = ['src', 'demo'].flatMap((folder) => filesUnder(folder, '.ts'));
  const graph = new Map(
    files.map((path) => {
      const targets = staticImports(path, readFileSync(join(root, path), 'utf8'));
      const found = targets.map((name) =>
        [name, `${name}.ts`, `${name}/index.ts`].find((file) => files.includes(file)),
      );
      return [path, found.filter(Boolean)];
    }),
  );
  const circles = findCircles(graph);
  for (const circle of circles) console.error(`in a circle: ${circle.join(', ')}`);
  console.log(`${files.length} files`);
  if (circles.length > 0) process.exitCode = 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) main();
