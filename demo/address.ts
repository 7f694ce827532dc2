/** Where somebody is in the page, as its address says it: so Back, Forward and a reload lead there again. Pure. */

/** A place in the page. */
export type Place =
  /** Where a document is added. */
  | { readonly kind: 'add' }
  /** A document that is offered, but not read. */
  | { readonly kind: 'offer'; readonly id: string }
  /** A document, or with an empty id the chat without one; the conversation only once something was asked in it. */
  | { readonly kind: 'document'; readonly id: string; readonly conversationId?: string | undefined };

/** The part of the address that names a place, from its `#` on; empty for where a document is added. */
export function addressOf(place: Place): string {
  switch (place.kind) {
    case 'add':
      return '';
    case 'offer':
      return `#${new URLSearchParams({ offer: place.id }).toString()}`;
    case 'document': {
      const { id, conversationId } = place;
      const conversation: Record<string, string> =
        conversationId === undefined ? {} : { conversation: conversationId };
      const fields = id === '' ? { chat: '', ...conversation } : { document: id, ...conversation };
      return `#${new URLSearchParams(fields).toString()}`;
    }
  }
}

/** The place that an address names; what names none is where a document is added. */
export function placeOf(hash: string): Place {
  const fields = new URLSearchParams(hash.replace(/^#/, ''));
  const offer = fields.get('offer');
  if (offer) return { kind: 'offer', id: offer };
  const conversationId = fields.get('conversation') ?? undefined;
  const id = fields.get('document');
  if (id) return { kind: 'document', id, conversationId };
  return fields.has('chat') ? { kind: 'document', id: '', conversationId } : { kind: 'add' };
}

/**
 * Whether going from one place to another is a step that Back undoes. Reading an offer takes its place, and so does the first
 * question that of an empty conversation.
 */
export function isStep(from: Place, to: Place): boolean {
  if (to.kind !== 'document') return true;
  if (from.kind === 'offer') return from.id !== to.id;
  return from.kind !== 'document' || from.id !== to.id || from.conversationId !== undefined;
}
