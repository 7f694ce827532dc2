/**
 * Short names for properties that only our own code knows, and that of packages which are in the bundle as a whole. A minifier
 * shortens variables by itself, but cannot know who else reads a property. Only names in camel case are shortened, since files
 * of others are written in snake case, and those of methods that a package's objects call on themselves.
 */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';

const camelCase = /^[a-z][a-z0-9]*[A-Z]\w*$/;

/** What `shortNames` goes by: texts of sources. */
export interface NamedSources {
  /** Our own: what they declare gets short names. */
  readonly own: readonly string[];
  /** Of packages: what they declare gets short names too, and what their objects call on themselves. */
  readonly packages: readonly string[];
  /** Of our own those whose names are stored or shown: what they declare keeps its names everywhere. */
  readonly kept: readonly string[];
  /** Types of the platform, of packages, and the public ones: every word in them is known to others. */
  readonly known: readonly string[];
  /** The scripts that are built: what they name in a text, or export, is looked up by that name. */
  readonly built: readonly string[];
}

/** Calls `visit` with every node of a source. */
function visitNodes(source: string, visit: (node: ts.Node) => void): void {
  const visitNode = (node: ts.Node): void => {
    visit(node);
    ts.forEachChild(node, visitNode);
  };
  visitNode(ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true));
}

/** Names of methods that a source's objects call on themselves alone: what is asked of others may be a field of a file. */
function ownMethodNames(source: string): Set<string> {
  const names = new Set<string>();
  const others = new Set<string>();
  visitNodes(source, (node) => {
    if (!ts.isIdentifier(node)) return;
    const { parent } = node;
    if (ts.isMethodDeclaration(parent) && ts.isClassLike(parent.parent)) names.add(node.text);
    else if (!ts.isPropertyAccessExpression(parent) || parent.expression.kind !== ts.SyntaxKind.ThisKeyword)
      others.add(node.text);
  });
  return new Set([...names].filter((name) => !others.has(name)));
}

/** Names that a source declares as members of types and classes, or as keys of objects. */
function declaredNames(source: string): Set<string> {
  const names = new Set<string>();
  visitNodes(source, (node) => {
    const isMember = ts.isClassElement(node) || ts.isTypeElement(node) || ts.isObjectLiteralElement(node);
    const isProperty =
      isMember || (ts.isParameter(node) && ts.isParameterPropertyDeclaration(node, node.parent));
    if (isProperty && node.name && ts.isIdentifier(node.name)) names.add(node.name.text);
  });
  return names;
}

const isText = (node: ts.Node) =>
  ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node);

/** New names by old ones, the most frequent the shortest: the same for the same sources. */
export function shortNames({ own, packages, kept, known, built }: NamedSources): Record<string, string> {
  const taken = new Set(known.flatMap((source) => source.match(/[A-Za-z_$][\w$]*/g) ?? []));
  for (const source of kept) for (const name of declaredNames(source)) taken.add(name);
  const counts = new Map<string, number>();
  for (const source of built) {
    visitNodes(source, (node) => {
      if (isText(node) || (ts.isIdentifier(node) && ts.isExportSpecifier(node.parent))) taken.add(node.text);
      else if (ts.isIdentifier(node)) counts.set(node.text, (counts.get(node.text) ?? 0) + 1);
    });
  }
  const declared = [...own, ...packages].flatMap((source) => [...declaredNames(source)]);
  const methods = packages.flatMap((source) => [...ownMethodNames(source)]);
  const chosen = [...new Set([...declared.filter((name) => camelCase.test(name)), ...methods])]
    .filter((name) => name.length > 2 && !taken.has(name) && counts.has(name))
    .sort((a, b) => counts.get(b)! - counts.get(a)! || (a < b ? -1 : 1));
  const shorts = freshNames(new Set([...taken, ...counts.keys()]));
  return Object.fromEntries(chosen.map((name) => [name, shorts.next().value]));
}

/** Names of two characters and more that are not `taken`. */
function* freshNames(taken: ReadonlySet<string>): Generator<string, never> {
  const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'.split('');
  const tails = [...letters, ...'0123456789'.split('')];
  for (let more = tails; ; more = more.flatMap((tail) => tails.map((next) => tail + next))) {
    for (const tail of more) yield* letters.map((first) => first + tail).filter((name) => !taken.has(name));
  }
}

/** Texts of the files in a folder and its folders whose names end so, or of the file `path`. */
export function readSources(path: string, ending: string): string[] {
  if (path.endsWith(ending)) return [readFileSync(path, 'utf8')];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ending))
    .sort()
    .map((name) => readFileSync(join(path, name), 'utf8'));
}
