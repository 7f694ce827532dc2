/** Runs parsed templates: the package's statements, Python's expressions, loops and prints, within limits. */
import { Environment, Interpreter } from '@huggingface/jinja';
import { filterNamed } from './jinja-filters';
import type { Limits } from './jinja-limits';
import { methodOf } from './jinja-methods';
import { LoopFields } from './jinja-loop';
import { calculated, comparisons, holds } from './jinja-operators';
import type { Arguments } from './jinja-strings';
import { negatedTestMark, recursiveMark, testMark, withMark, type Node } from './jinja-syntax';
import { testNamed } from './jinja-tests';
import {
  boolean,
  callable,
  dict,
  entriesOf,
  fromData,
  isUndefined,
  itemsOf,
  iterate,
  numberOf,
  pythonString,
  string,
  textOf,
  undefinedValue,
  type Value,
} from './jinja-values';

/** `break` and `continue` on their way to the loop, with what the blocks on it had printed. */
class LoopSignal extends Error {
  text = '';

  constructor(readonly ends: boolean) {
    super();
  }
}

/** What `loop` has beside being called, in a recursive loop. */
const loopFields = new WeakMap<Value, Value>();

const operatorOf = (node: Node) => (node.operator as { value: string }).value;

/** The package's interpreter with Python's values and within limits. */
export class PythonInterpreter extends Interpreter {
  readonly #limits: Limits;

  constructor(environment: Environment, limits: Limits) {
    super(environment);
    this.#limits = limits;
  }

  override evaluate(...[node, scope]: Parameters<Interpreter['evaluate']>): Value {
    this.#limits.step();
    this.#limits.depth++;
    try {
      const value = this.#evaluate(node as Node | undefined, scope);
      if (node?.type === 'CallExpression') this.#limits.spend(textOf(value)?.length ?? 0);
      return value;
    } finally {
      this.#limits.depth--;
    }
  }

  #evaluate(node: Node | undefined, scope: Environment): Value {
    const of = (child: unknown) => this.#value(child as Node, scope);
    switch (node?.type) {
      case 'Print':
        return this.#made(pythonString(of(node.value), this.#limits));
      case 'BinaryExpression':
        return this.#binary(node, scope);
      case 'MemberExpression':
        return this.#member(node, scope);
      case 'FilterExpression':
        return this.#filtered(of(node.operand), node.filter as Node, scope);
      case 'FilterStatement':
        return this.#filtered(this.#block(node.body as Node[], scope), node.filter as Node, scope);
      case 'TestExpression': {
        const isPassed = testNamed((node.test as Node).value as string)(of(node.operand), []);
        return boolean(isPassed !== node.negate);
      }
      case 'For':
        return this.#loop(node, scope, of((node.iterable as Node).lhs ?? node.iterable), 1);
      case 'Break':
      case 'Continue':
        throw new LoopSignal(node.type === 'Break');
      case 'Program':
        return this.#block(node.body as Node[], scope);
      case 'If': {
        const isMet = of(node.test).__bool__().value;
        return this.#block((isMet ? node.body : node.alternate) as Node[], scope);
      }
      case 'ObjectLiteral': {
        const pairs = [...(node.value as Map<Node, Node>)];
        return fromEntries(pairs.map(([key, value]) => [pythonString(of(key), this.#limits), of(value)]));
      }
      default:
        return super.evaluate(statement(node), scope);
    }
  }

  #value(node: Node, scope: Environment): Value {
    return this.evaluate(statement(node), scope);
  }

  /** What statements print, one after the other. */
  #block(nodes: readonly Node[], scope: Environment): Value {
    let text = '';
    for (const node of nodes) {
      try {
        text += textOf(this.#value(node, scope)) ?? '';
      } catch (signal) {
        if (signal instanceof LoopSignal) signal.text = text + signal.text;
        throw signal;
      }
    }
    return this.#made(text);
  }

  #made(text: string): Value {
    this.#limits.spend(text.length);
    return string(text);
  }

  #binary(node: Node, scope: Environment): Value {
    const operator = operatorOf(node);
    const left = node.left as Node;
    if (comparisons.includes(operator)) return boolean(this.#compares(node, scope).holds);
    const a = this.#value(left, scope);
    if (operator === 'and' || operator === 'or') {
      return a.__bool__().value === (operator === 'or') ? a : this.#value(node.right as Node, scope);
    }
    const b = this.#value(node.right as Node, scope);
    if (operator === '~') {
      const text = pythonString(a, this.#limits) + pythonString(b, this.#limits);
      return this.#made(text);
    }
    return calculated(operator, a, b, this.#limits);
  }

  /** A comparison; `a < b < c` is `a < b and b < c`. */
  #compares(node: Node, scope: Environment): { holds: boolean; right: Value } {
    const left = node.left as Node;
    const isChain = left.type === 'BinaryExpression' && comparisons.includes(operatorOf(left));
    const before = isChain ? this.#compares(left, scope) : undefined;
    if (before?.holds === false) return before;
    const a = before ? before.right : this.#value(left, scope);
    const right = this.#value(node.right as Node, scope);
    return { holds: holds(operatorOf(node), a, right), right };
  }

  #member(node: Node, scope: Environment): Value {
    const object = this.#value(node.object as Node, scope);
    const property = node.property as Node;
    if (isUndefined(object)) {
      const name = (node.object as Node).value;
      throw new Error(`${typeof name === 'string' ? `'${name}'` : 'a value'} is undefined`);
    }
    if (property.type === 'SliceExpression') return super.evaluate(statement(node), scope);
    const key = node.computed ? this.#value(property, scope) : fromData(property.value);
    const name = textOf(key);
    const index = numberOf(key);
    const text = textOf(object);
    if (index !== undefined && text !== undefined) {
      const character = Array.from(text).at(index);
      return character === undefined ? undefinedValue() : string(character);
    }
    if (index !== undefined) return itemsOf(object)?.at(index) ?? undefinedValue();
    if (name === undefined) return undefinedValue();
    const method = methodOf(object, name);
    const field = entriesOf(loopFields.get(object) ?? object)?.get(name);
    // `d.items` is the method, `d['items']` the entry, each the other where there is one only.
    if (field !== undefined && (node.computed || !method)) return field;
    return method ? callable((args) => method(split(args), this.#limits)) : undefinedValue();
  }

  #filtered(value: Value, filter: Node, scope: Environment): Value {
    const isCall = filter.type === 'CallExpression';
    const name = (isCall ? (filter.callee as Node) : filter).value as string;
    const args = isCall
      ? this.#arguments(filter.args as Node[], scope)
      : { positional: [], named: new Map() };
    for (const mark of [testMark, negatedTestMark]) {
      if (name.startsWith(mark)) {
        const isPassed = testNamed(name.slice(mark.length))(value, args.positional);
        return boolean(isPassed === (mark === testMark));
      }
    }
    const result = filterNamed(name)(value, args, this.#limits);
    this.#limits.spend(textOf(result)?.length ?? 0);
    this.#limits.spendItems(itemsOf(result)?.length ?? 0);
    return result;
  }

  #arguments(nodes: readonly Node[], scope: Environment): Arguments {
    const taken: Value[] = [];
    const take = callable((args) => {
      taken.push(...args);
      return undefinedValue();
    });
    const callScope = new Environment(scope);
    callScope.setVariable('__take__', take);
    this.#value(
      { type: 'CallExpression', callee: { type: 'Identifier', value: '__take__' }, args: nodes },
      callScope,
    );
    return split(taken);
  }

  /** `iterable` is that of the outermost loop, or what a recursive loop was called with. */
  #loop(node: Node, scope: Environment, iterable: Value, depth: number): Value {
    const variables = node.loopvar as Node;
    const names = (variables.type === 'TupleLiteral' ? (variables.value as Node[]) : [variables]).map(
      (variable) => variable.value as string,
    );
    const mark = names[0] === withMark || names[0] === recursiveMark ? names.shift() : undefined;
    const assign = (target: Environment, item: Value) => {
      if (names.length === 1 && mark !== withMark) return void target.setVariable(names[0]!, item);
      const items = mark === withMark ? iterate(item).slice(1, 1 + names.length) : iterate(item);
      if (items.length !== names.length) throw new Error(`${names.length} values to unpack are expected`);
      names.forEach((name, i) => target.setVariable(name, items[i]!));
    };
    const condition =
      (node.iterable as Node).type === 'SelectExpression' ? (node.iterable as Node).test : undefined;
    const items = iterate(iterable).filter((item) => {
      if (!condition) return true;
      const inner = new Environment(scope);
      assign(inner, item);
      return this.#value(condition as Node, inner).__bool__().value;
    });
    this.#limits.spendItems(items.length);
    if (items.length === 0) return this.#block(node.defaultBlock as Node[], scope);
    let result = '';
    const loop = new LoopFields(items, depth);
    for (const [index, item] of items.entries()) {
      const inner = new Environment(scope);
      const fields = loop.at(index);
      if (mark === recursiveMark) {
        const called = callable(([children]) => this.#loop(node, scope, children!, depth + 1));
        loopFields.set(called, fields);
        inner.setVariable('loop', called);
      } else if (mark !== withMark) inner.setVariable('loop', fields);
      assign(inner, item);
      try {
        result += textOf(this.#block(node.body as Node[], inner))!;
      } catch (signal) {
        if (!(signal instanceof LoopSignal)) throw signal;
        result += signal.text;
        if (signal.ends) break;
      }
    }
    return this.#made(result);
  }
}

const statement = (node: unknown) => node as Parameters<Interpreter['evaluate']>[0];

const fromEntries = (entries: readonly (readonly [string, Value])[]): Value => dict(new Map(entries));

/** The arguments of a call, of which the package puts the named ones last. */
function split(args: readonly Value[]): Arguments {
  const last = args.at(-1);
  const named = last?.type === 'KeywordArgumentsValue' ? entriesOf(last) : undefined;
  return { positional: named ? args.slice(0, -1) : args, named: named ?? new Map() };
}
