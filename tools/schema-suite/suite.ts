/** The schemas of JSON-Schema-Test-Suite, read from a folder, and what checks answers to them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Ajv } from 'ajv';
import { Ajv2019 } from 'ajv/dist/2019';
import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

/** Drafts whose schemas are read, by the suite's folders. */
export const drafts = ['draft7', 'draft2019-09', 'draft2020-12'] as const;

/** One of them. */
export type Draft = (typeof drafts)[number];

/** A schema of the suite. */
export interface SuiteSchema {
  /** Draft, file, and the group's description. */
  readonly name: string;
  readonly draft: Draft;
  readonly schema: object | boolean;
}

/** All schemas of a draft, the optional ones included. @throws Error when there is no such folder */
export function readSchemas(folder: string, draft: Draft): SuiteSchema[] {
  const files = readdirSync(join(folder, draft), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => {
      const groups = JSON.parse(readFileSync(join(folder, draft, file), 'utf8')) as {
        description: string;
        schema: object | boolean;
      }[];
      return groups.map(({ description, schema }) => ({
        name: `${draft}/${file}: ${description}`,
        draft,
        schema,
      }));
    });
}

const validators = { draft7: Ajv, 'draft2019-09': Ajv2019, 'draft2020-12': Ajv2020 };

/** Tells whether a value is what a schema allows. @throws Error where Ajv cannot read the schema */
export function validatorOf({ draft, schema }: SuiteSchema): (value: unknown) => boolean {
  // Properties that an object inherits, such as toString, are none of JSON's.
  const ajv = new validators[draft]({ strict: false, logger: false, ownProperties: true });
  addFormats.default(ajv);
  const validate = ajv.compile(ofKnownDialect(schema));
  return (value) => validate(value);
}

/**
 * A schema that names a vocabulary of its own, as one of its draft's: of ours only those keywords count that it has, all of which are
 * followed.
 */
function ofKnownDialect(schema: object | boolean): object | boolean {
  if (typeof schema !== 'object' || !('$schema' in schema)) return schema;
  const { $schema: dialect, ...keywords } = schema;
  return /^https?:\/\/json-schema\.org\//.test(String(dialect)) ? schema : keywords;
}
