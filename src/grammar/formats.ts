/** Formats of JSON Schema as expressions: every text that they match is of the format, and nearly every one of it matches. Data. */

const month31 = '(0[13578]|1[02])-(0[1-9]|[12]\\d|3[01])';
const month30 = '(0[469]|11)-(0[1-9]|[12]\\d|30)';
const february = '02-(0[1-9]|1\\d|2[0-8])';
// Of the full centuries only every fourth has the day; those are left out.
const leapDay = '\\d\\d(0[48]|[2468][048]|[13579][26])-02-29';
const date = `(\\d{4}-(${month31}|${month30}|${february})|${leapDay})`;
const time = '([01]\\d|2[0-3]):[0-5]\\d:[0-5]\\d(\\.\\d{1,9})?(Z|[+-]([01]\\d|2[0-3]):[0-5]\\d)';
const hex = '[0-9a-fA-F]';
const byte = '(25[0-5]|2[0-4]\\d|1\\d\\d|[1-9]?\\d)';
const label = '[A-Za-z0-9]([A-Za-z0-9-]{0,20}[A-Za-z0-9])?';
const host = `${label}(\\.${label}){0,5}`;

/** By name. Those that are not here are unsupported. */
export const formats: Readonly<Record<string, string>> = {
  date,
  time,
  'date-time': `${date}T${time}`,
  email: `[A-Za-z0-9]+([._+-][A-Za-z0-9]+){0,5}@(${label}\\.){1,4}[A-Za-z]{2,10}`,
  hostname: host,
  ipv4: `${byte}(\\.${byte}){3}`,
  uri: `https?://${host}(:\\d{1,4})?(/[A-Za-z0-9._~-]{1,40}){0,8}/?(\\?[A-Za-z0-9._~=&-]{1,80})?(#[A-Za-z0-9._~-]{1,40})?`,
  uuid: `${hex}{8}-${hex}{4}-[1-8]${hex}{3}-[89abAB]${hex}{3}-${hex}{12}`,
};
