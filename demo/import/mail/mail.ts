/** Mails and web pages that were saved with their pictures (MHTML): both are MIME, through postal-mime. */
import PostalMime, { type Address, type Attachment, type Email } from 'postal-mime';
import { decodeText } from '../bytes/decode-text';
import type { ExtractedText } from '../document';
import { ImportError } from '../import-error';
import { readHtml } from '../markup/html';

/** Parts within parts: real mails have a few. */
const maxNesting = 40;

function nameOf({ name, address, group }: Address): string {
  if (group) return `${name}: ${group.map(nameOf).join(', ')}`;
  return name && name !== address ? `${name} <${address ?? ''}>` : (address ?? '');
}

/** Who wrote to whom, when, and what of, as a mail shows it. */
function headerLines({ from, to, cc, bcc, replyTo, headers, date, subject }: Email): string {
  const list = (addresses: readonly Address[] | undefined) => (addresses ?? []).map(nameOf).join(', ');
  const rows = [
    ['From', from ? nameOf(from) : ''],
    ['To', list(to)],
    ['Cc', list(cc)],
    ['Bcc', list(bcc)],
    ['Reply-To', list(replyTo)],
    // As it was written, in the time of the place where it was.
    ['Date', headers.find(({ key }) => key === 'date')?.value.trim() ?? date ?? ''],
    ['Subject', subject ?? ''],
  ];
  return rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

const isStyleSheet = ({ mimeType }: Attachment) => mimeType === 'text/css';

function textOf({ content }: Attachment): string {
  return typeof content === 'string' ? content : new TextDecoder().decode(content);
}

/** Files that came along. Pictures and style sheets of the page itself are no files. */
function attachmentNotes({ attachments }: Email): string[] {
  const files = attachments.filter(
    (file) => file.disposition === 'attachment' || (!file.related && !isStyleSheet(file)),
  );
  if (files.length === 0) return [];
  const names = files.map(({ filename, mimeType }) => filename ?? mimeType);
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
  const what = files.length === 1 ? '1 attachment was' : `${files.length} attachments were`;
  return [
    `${what} left out: ${shown}. Choose ${files.length === 1 ? 'it' : 'them'} as documents of their own.`,
  ];
}

/** Whether a browser knows an encoding by this name. */
function isKnown(label: string): boolean {
  try {
    return new TextDecoder(label).encoding !== '';
  } catch {
    return false;
  }
}

/** Where a head of the mail or of one of its parts names an encoding, and the name. */
const charset = /^(content-type:(?:[^\r\n]|\r?\n[ \t])*?charset\s*=\s*["']?)([\w.:+-]+)/gim;

/** A mail with the encoding that its bytes speak for in the place of such as nobody knows, with a note. */
function withKnownEncodings(bytes: Uint8Array<ArrayBuffer>): ReturnType<typeof withEncoding> {
  // A character is a byte here.
  const text = new TextDecoder('windows-1252').decode(bytes);
  const unknown = [...text.matchAll(charset)].filter(([, , label]) => !isKnown(label!));
  if (unknown.length === 0) return { bytes, notes: [] };
  const { encoding } = decodeText(bytes);
  const parts: Uint8Array[] = [];
  let at = 0;
  for (const { index, 1: before, 2: label } of unknown) {
    parts.push(bytes.subarray(at, index + before!.length), new TextEncoder().encode(encoding));
    at = index + before!.length + label!.length;
  }
  parts.push(bytes.subarray(at));
  const names = [...new Set(unknown.map(([, , label]) => `“${label}”`))].slice(0, 5).join(', ');
  const note = `The mail names an encoding that nobody knows, ${names}; it was read as ${encoding}.`;
  return { bytes: joined(parts), notes: [note] };
}

function joined(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

/** A mail that names no encoding, in UTF-8, with a note; others as they are. */
function withEncoding(bytes: Uint8Array<ArrayBuffer>): {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly notes: string[];
} {
  if (/charset\s*=/i.test(new TextDecoder('windows-1252').decode(bytes))) return withKnownEncodings(bytes);
  const { text, encoding, isGuess } = decodeText(bytes);
  if (!isGuess) return { bytes, notes: [] };
  const note = `The mail does not say how its letters are encoded; it was read as ${encoding}.`;
  return { bytes: new TextEncoder().encode(text), notes: [note] };
}

/** @throws ImportError `damaged` when it is no MIME */
export async function readMail(
  source: Uint8Array<ArrayBuffer>,
  kind: 'mail' | 'webarchive',
): Promise<ExtractedText> {
  const { bytes, notes } = withEncoding(source);
  let email: Email;
  try {
    email = await PostalMime.parse(bytes, { maxNestingDepth: maxNesting });
  } catch (cause) {
    throw new ImportError(
      'damaged',
      'This mail is damaged or incomplete.',
      'Save it again, then choose that file.',
      {
        cause,
      },
    );
  }
  const sheets = email.attachments.filter(isStyleSheet).map(textOf);
  const page = email.html ? readHtml(email.html, sheets) : undefined;
  const body = page?.text ?? email.text ?? '';
  if (kind === 'webarchive') {
    return {
      text: body,
      labels: page?.labels ?? [],
      titles: [page?.titles[0], email.subject],
      notes: [...notes, ...(page?.notes ?? [])],
    };
  }
  return {
    text: [headerLines(email), body].join('\n\n'),
    labels: page?.labels ?? [],
    titles: [email.subject],
    notes: [...notes, ...(page?.notes ?? []), ...attachmentNotes(email)],
  };
}
