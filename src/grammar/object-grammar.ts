/** Objects of JSON that a schema allows: the schema's properties in its order, then others. */
import { isJsonObject, type JsonObject } from '../util/json';
import { anyCodePoint, codePoints, complement } from './code-points';
import type { GrammarNode } from './grammar';
import type { JsonGrammar } from './json-grammar';
import { countOf } from './schema-keywords';
import { UnsupportedSchema, type Schema } from './schema-merge';

/** By `properties`, `required`, `additionalProperties`, `minProperties` and `maxProperties`. @throws UnsupportedSchema */
export function objectGrammar(
  json: JsonGrammar,
  schema: JsonObject,
  compile: (schema: Schema) => GrammarNode,
): GrammarNode {
  const { builder, comma } = json;
  const { properties = {}, required = [], additionalProperties = true } = schema;
  if (!isJsonObject(properties)) throw new UnsupportedSchema('properties', 'it must be an object');
  if (!Array.isArray(required) || !required.every((name) => typeof name === 'string'))
    throw new UnsupportedSchema('required', 'it must be a list of names');
  const least = countOf(schema, 'minProperties', 0);
  const most = countOf(schema, 'maxProperties', Infinity);
  const other = compile(additionalProperties as Schema);
  const names = [...new Set([...Object.keys(properties), ...required])];
  if (names.length === 0 && least === 0 && most === Infinity && other === json.value) return json.object;
  const members = names.map((name) => ({
    node: json.member(
      builder.text(json.writeKey(name)),
      Object.hasOwn(properties, name) ? compile(properties[name] as Schema) : other,
    ),
    isRequired: required.includes(name),
  }));
  const otherMember = other === builder.never ? builder.never : json.member(keyBeside(json, names), other);
  /** Counts beyond this make no difference any more. */
  const mostCounted = most === Infinity ? Math.max(least, 1) : most;
  const known = new Map<string, GrammarNode>();

  /** What may follow when the first `i` properties were passed and `count` members are there. */
  const follow = (i: number, count: number): GrammarNode => {
    const key = `${i} ${count}`;
    const before = known.get(key);
    if (before) return before;
    const node = i < members.length ? followMember(i, count) : followOthers(count);
    known.set(key, node);
    return node;
  };
  const followMember = (i: number, count: number): GrammarNode => {
    const { node, isRequired } = members[i]!;
    const skipped = isRequired ? builder.never : follow(i + 1, count);
    if (count >= most) return skipped;
    const next = follow(i + 1, Math.min(count + 1, mostCounted));
    return builder.choice(builder.sequence(...(count > 0 ? [comma] : []), node, next), skipped);
  };
  const followOthers = (count: number): GrammarNode => {
    const missing = Math.max(least - count, 0);
    if (otherMember === builder.never) return missing > 0 ? builder.never : builder.empty;
    // The same key may come twice, and would count once.
    if (missing > 1)
      throw new UnsupportedSchema('minProperties', 'it asks for more than one further property');
    if (count === 0) return json.list(otherMember, missing, most);
    return builder.repeat(builder.sequence(comma, otherMember), missing, most - count);
  };
  return json.enclosed('{', follow(0, 0), '}');
}

/** The places of names in which their characters lead on. */
interface Branch {
  readonly next: Map<number, Branch>;
  isName: boolean;
}

/** Keys that are none of these, whatever their spelling. */
function keyBeside(json: JsonGrammar, names: readonly string[]): GrammarNode {
  const { builder, keyMark } = json;
  if (names.length === 0) return json.key;
  // No key without any mark is empty.
  const root: Branch = { next: new Map(), isName: keyMark === builder.empty };
  for (const name of names) {
    let branch = root;
    for (const character of name) {
      const codePoint = character.codePointAt(0)!;
      const next = branch.next.get(codePoint) ?? { next: new Map<number, Branch>(), isName: false };
      branch.next.set(codePoint, next);
      branch = next;
    }
    branch.isName = true;
  }
  const anything = builder.repeat(
    keyMark === builder.empty ? json.inKey(anyCodePoint) : json.stringCharacter,
  );
  // Until a key differs from all names its characters stand for themselves: an escape might spell a name otherwise.
  const after = ({ next, isName }: Branch): GrammarNode => {
    const taken = codePoints(
      ...[...next.keys()].map((codePoint): [number, number] => [codePoint, codePoint]),
    );
    const differing = builder.sequence(json.inKey(complement(taken)), anything, keyMark);
    const others = [...next].map(([codePoint, branch]) =>
      builder.sequence(json.inKey(codePoints([codePoint, codePoint])), after(branch)),
    );
    return builder.choice(isName ? builder.never : keyMark, differing, ...others);
  };
  return builder.sequence(keyMark, after(root));
}
