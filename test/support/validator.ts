/** Ajv as tests use it: another party's word on whether a value is what a schema allows. */
import { Ajv2020 } from 'ajv/dist/2020';
import addFormats from 'ajv-formats';

/** Tells whether a value is allowed. */
export function validatorOf(schema: object | boolean): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, logger: false });
  addFormats.default(ajv);
  // Ajv knows one draft at a time; what these schemas have of draft 7 means the same.
  const { $schema: _, ...keywords } =
    typeof schema === 'object' ? (schema as { $schema?: string }) : { $schema: '' };
  const validate = ajv.compile(typeof schema === 'object' ? keywords : schema);
  return (value) => validate(value);
}
