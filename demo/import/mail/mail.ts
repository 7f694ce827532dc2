/** Mails and web pages that were saved with their pictures (MHTML): both are MIME, through postal-mime. */
import PostalMime, { type Address, type Email } from 'postal-mime';
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
function headerLines({ from, to, cc, date, subject }: Email): string {
  const list = (addresses: readonly Address[] | undefined) => (addresses ?? []).map(nameOf).join(', ');
  const rows = [
    ['From', from ? nameOf(from) : ''],
    ['To', list(to)],
    ['Cc', list(cc)],
    ['Date', date ?? ''],
    ['Subject', subject ?? ''],
  ];
  return rows
    .filter(([, value]) => value !== '')
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n');
}

/** Files that came along. Pictures of the page itself are no files. */
function attachmentNotes({ attachments }: Email): string[] {
  const files = attachments.filter(({ disposition, related }) => disposition === 'attachment' || !related);
  if (files.length === 0) return [];
  const names = files.map(({ filename, mimeType }) => filename ?? mimeType);
  const shown = names.slice(0, 5).join(', ') + (names.length > 5 ? ', …' : '');
  const what = files.length === 1 ? '1 attachment was' : `${files.length} attachments were`;
  return [
    `${what} left out: ${shown}. Choose ${files.length === 1 ? 'it' : 'them'} as documents of their own.`,
  ];
}

/** @throws ImportError `damaged` when it is no MIME */
export async function readMail(bytes: Uint8Array, kind: 'mail' | 'webarchive'): Promise<ExtractedText> {
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
  const page = email.html ? readHtml(email.html) : undefined;
  const body = page?.text ?? email.text ?? '';
  if (kind === 'webarchive') {
    return {
      text: body,
      labels: page?.labels ?? [],
      titles: [page?.titles[0], email.subject],
      notes: page?.notes ?? [],
    };
  }
  return {
    text: [headerLines(email), body].join('\n\n'),
    labels: page?.labels ?? [],
    titles: [email.subject],
    notes: [...(page?.notes ?? []), ...attachmentNotes(email)],
  };
}
