/** Files that are unusual in how they are packed or protected, made by the tests that read them. */
import { createCipheriv, createHash } from 'node:crypto';
import { crc32 } from 'node:zlib';

const md5 = (...parts: readonly Uint8Array[]) => createHash('md5').update(Buffer.concat(parts)).digest();

function rc4(key: Uint8Array, data: Uint8Array): Buffer {
  const state = Array.from({ length: 256 }, (_, index) => index);
  const swap = (a: number, b: number) => ([state[a], state[b]] = [state[b]!, state[a]!]);
  let other = 0;
  for (let index = 0; index < 256; index++) {
    other = (other + state[index]! + key[index % key.length]!) & 255;
    swap(index, other);
  }
  let at = 0;
  other = 0;
  return Buffer.from(
    data.map((byte) => {
      at = (at + 1) & 255;
      other = (other + state[at]!) & 255;
      swap(at, other);
      return byte ^ state[(state[at]! + state[other]!) & 255]!;
    }),
  );
}

/** What fills passwords up to 32 bytes (ISO 32000-1, 7.6.3.3). */
const padding = Buffer.from('28bf4e5e4e758a4164004e56fffa01082e2e00b6d0683e802f0ca9fe6453697a', 'hex');
const padded = (password: string) =>
  Buffer.concat([Buffer.from(password, 'latin1'), padding]).subarray(0, 32);

/** What the trailer of a protected PDF needs, and how its streams are encrypted. */
export interface PdfProtection {
  readonly trailer: string;
  encrypt(objectNumber: number, content: string): string;
}

/** Encrypts what fills whole blocks. */
function aes(
  kind: 'aes-128-cbc' | 'aes-256-cbc' | 'aes-256-ecb',
  key: Buffer,
  data: Buffer,
  start = Buffer.alloc(16),
) {
  const cipher = createCipheriv(kind, key, kind === 'aes-256-ecb' ? null : start).setAutoPadding(false);
  return Buffer.concat([cipher.update(data), cipher.final()]);
}

/** The hash of revision 6 (ISO 32000-2, algorithm 2.B). */
function hardened(password: Buffer, salt: Buffer, user: Buffer): Buffer {
  const sha = (bits: number, data: Buffer) => createHash(`sha${bits}`).update(data).digest();
  let key = sha(256, Buffer.concat([password, salt, user]));
  for (let round = 0, last = 0; round < 64 || last > round - 32; round++) {
    const once = Buffer.concat([password, key, user]);
    const many = Buffer.concat(Array<Buffer>(64).fill(once));
    const mixed = aes('aes-128-cbc', key.subarray(0, 16), many, key.subarray(16, 32));
    const rest = mixed.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    key = sha([256, 384, 512][rest]!, mixed);
    last = mixed.at(-1)!;
  }
  return key.subarray(0, 32);
}

/** Protection of a PDF by the standard handler, revision 6: AES with 256 bits. */
export function protectPdfByAes(userPassword: string): PdfProtection {
  const key = Buffer.alloc(32, 5);
  const hex = (bytes: Buffer) => `<${bytes.toString('hex')}>`;
  const entries = (text: string, salt: number, user: Buffer): [check: Buffer, wrapped: Buffer] => {
    const password = Buffer.from(text, 'utf8');
    const [checkSalt, keySalt] = [Buffer.alloc(8, salt), Buffer.alloc(8, salt + 1)];
    const check = Buffer.concat([hardened(password, checkSalt, user), checkSalt, keySalt]);
    return [check, aes('aes-256-cbc', hardened(password, keySalt, user), key)];
  };
  const [user, userKey] = entries(userPassword, 1, Buffer.alloc(0));
  const [owner, ownerKey] = entries('owner', 3, user);
  const permissions = Buffer.concat([Buffer.from('fcffffffffffffff', 'hex'), Buffer.from('Tadb0000')]);
  return {
    trailer:
      `/Encrypt << /Filter /Standard /V 5 /R 6 /Length 256 /P -4 /U ${hex(user)} /UE ${hex(userKey)} /O ${hex(owner)} ` +
      `/OE ${hex(ownerKey)} /Perms ${hex(aes('aes-256-ecb', key, permissions))} /StmF /StdCF /StrF /StdCF ` +
      '/CF << /StdCF << /CFM /AESV3 /AuthEvent /DocOpen /Length 32 >> >> >>',
    encrypt(_, content) {
      const plain = Buffer.from(content, 'latin1');
      const numPadding = 16 - (plain.length % 16);
      const padded = Buffer.concat([plain, Buffer.alloc(numPadding, numPadding)]);
      const start = Buffer.alloc(16, 9);
      return Buffer.concat([start, aes('aes-256-cbc', key, padded, start)]).toString('latin1');
    },
  };
}

/** Protection of a PDF by the standard handler, revision 2. */
export function protectPdf(userPassword: string): PdfProtection {
  const permissions = -4;
  const id = Buffer.alloc(16, 7);
  const owner = rc4(md5(padded('owner')).subarray(0, 5), padded(userPassword));
  const flags = Buffer.alloc(4);
  flags.writeInt32LE(permissions);
  const key = md5(padded(userPassword), owner, flags, id).subarray(0, 5);
  const user = rc4(key, padding);
  const hex = (bytes: Buffer) => `<${bytes.toString('hex')}>`;
  return {
    trailer:
      `/Encrypt << /Filter /Standard /V 1 /R 2 /O ${hex(owner)} /U ${hex(user)} /P ${permissions} >> ` +
      `/ID [${hex(id)} ${hex(id)}]`,
    encrypt(objectNumber, content) {
      const own = Buffer.alloc(5);
      own.writeUIntLE(objectNumber, 0, 3);
      return rc4(md5(key, own).subarray(0, 10), Buffer.from(content, 'latin1')).toString('latin1');
    },
  };
}

function numbers(...fields: readonly (readonly [value: number, numBytes: 2 | 4 | 8])[]): Buffer {
  return Buffer.concat(
    fields.map(([value, numBytes]) => {
      const bytes = Buffer.alloc(numBytes);
      if (numBytes === 8) bytes.writeBigUInt64LE(BigInt(value));
      else bytes.writeUIntLE(value, 0, numBytes);
      return bytes;
    }),
  );
}

const beyond = 0xffffffff;

/** A ZIP archive all of whose sizes and places stand in 64-bit fields, as those of more than 4 GB have them. */
export function makeZip64(files: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const parts: Buffer[] = [];
  const records: Buffer[] = [];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const [title, data] = [Buffer.from(name), Buffer.from(text)];
    const sum = crc32(data);
    const sizes = numbers([1, 2], [16, 2], [data.length, 8], [data.length, 8]);
    const common = numbers(
      [45, 2],
      [0x800, 2],
      [0, 2],
      [0, 4],
      [sum, 4],
      [beyond, 4],
      [beyond, 4],
      [title.length, 2],
    );
    const header = Buffer.concat([numbers([0x04034b50, 4]), common, numbers([20, 2]), title, sizes, data]);
    const extra = numbers([1, 2], [24, 2], [data.length, 8], [data.length, 8], [offset, 8]);
    records.push(
      Buffer.concat([
        numbers([0x02014b50, 4], [45, 2]),
        common,
        numbers([28, 2], [0, 2], [0, 2], [0, 2], [0, 4], [beyond, 4]),
        title,
        extra,
      ]),
    );
    parts.push(header);
    offset += header.length;
  }
  const directory = Buffer.concat(records);
  const count = records.length;
  const end64 = numbers(
    [0x06064b50, 4],
    [44, 8],
    [45, 2],
    [45, 2],
    [0, 4],
    [0, 4],
    [count, 8],
    [count, 8],
    [directory.length, 8],
    [offset, 8],
  );
  const locator = numbers([0x07064b50, 4], [0, 4], [offset + directory.length, 8], [1, 4]);
  const end = numbers([0x06054b50, 4], [0, 4], [0xffff, 2], [0xffff, 2], [beyond, 4], [beyond, 4], [0, 2]);
  return new Uint8Array(Buffer.concat([...parts, directory, end64, locator, end]));
}

/** The start and a name of Office's old containers, which hold streams by names in UTF-16. */
export function makeOle(streamName: string): Uint8Array<ArrayBuffer> {
  const signature = Buffer.from('d0cf11e0a1b11ae1', 'hex');
  return new Uint8Array(
    Buffer.concat([signature, Buffer.alloc(504), Buffer.from(streamName, 'utf16le'), Buffer.alloc(64)]),
  );
}
