/** The open document, what is offered to be read, or where one is added; and the library beside it. */
import { html } from 'lit';
import '../components/add-document';
import '../components/document-offer';
import '../components/document-reader';
import '../components/document-status';
import '../components/error-panel';
import '../components/import-status';
import '../components/library-panel';
import '../components/password-form';
import { formatBytes, formatCount } from '../format';
import { isScout } from '../models';
import { none, type View } from './view';

/** The documents of this device. */
export function libraryView({ controllers, actions, state }: View) {
  return html`<longpage-library-panel
    id="library"
    popover
    .documents=${controllers.library.documents}
    .offers=${controllers.library.offers.list}
    .openId=${state.isChatting ? '' : (controllers.library.open?.id ?? controllers.library.offers.shown?.id)}
    .readingId=${controllers.library.reading?.id}
    .quota=${controllers.library.quota}
    .isReady=${controllers.engine.phase === 'ready'}
    .isRefused=${controllers.library.isRefused}
    .besideIds=${controllers.chat.current.besideIds ?? none}
    .canChoose=${!state.isChatting && controllers.library.openEntry?.state === 'complete'}
    @beside=${(event: CustomEvent<string>) => controllers.chat.askBeside(toggled(controllers.chat.documentIds.slice(1), event.detail))}
    @import=${(event: CustomEvent<File>) => void actions.import([{ exported: event.detail }])}
    @keep=${() => void controllers.library.keep()}
    @add=${() => actions.show(undefined)}
    @open=${(event: CustomEvent<string>) => actions.show(event.detail)}
    @offer=${(event: CustomEvent<string>) => actions.showOffer(event.detail)}
  ></longpage-library-panel>`;
}

/** What stands where documents do. */
export function documentView(view: View) {
  const { controllers, actions, state } = view;
  const { open, openEntry, offers, reading, problem } = controllers.library;
  const offer = offers.shown;
  const trouble =
    problem === undefined
      ? null
      : html`<longpage-error-panel
          .error=${problem}
          .documents=${controllers.library.documents}
          @dismiss=${() => controllers.library.report(undefined)}
        ></longpage-error-panel>`;
  const importing = importView(view);
  if (!open && offer) {
    return html`<div class="add">
      ${trouble} ${importing}
      <longpage-document-offer
        .offer=${offer}
        .gpuBytes=${controllers.engine.settings.gpuBytes}
        .isReady=${controllers.engine.phase === 'ready'}
        .isBusy=${reading !== undefined}
        .isSlow=${controllers.engine.isSlow}
        @accept=${() => void actions.accept()}
        @cancel=${() => void controllers.library.withdraw()}
        @shorten=${(event: CustomEvent<number>) => void controllers.library.shorten(event.detail)}
        @limit=${(event: CustomEvent<number>) => actions.limit(event.detail)}
        @encoding=${(event: CustomEvent<string>) => void controllers.imports.readAs(event.detail)}
      ></longpage-document-offer>
    </div>`;
  }
  if (!open) {
    return html`<div class="add">
      ${trouble} ${importing}
      <longpage-add-document
        .isSlow=${controllers.engine.isSlow}
        .hasScout=${isScout(controllers.engine.choice)}
        @files=${(event: CustomEvent<readonly File[]>) => void actions.takeFiles(event.detail)}
        @address=${(event: CustomEvent<string>) => void actions.import([{ url: event.detail }])}
        @pasted=${(event: CustomEvent<string>) => void actions.import([{ text: event.detail }])}
        @sample=${() => void actions.sample(false)}
        @short-sample=${() => void actions.sample(true)}
      ></longpage-add-document>
    </div>`;
  }
  return html`<longpage-document-reader
    .documentId=${open.id}
    .heading=${openEntry?.title ?? (reading?.id === open.id ? reading.title : '')}
    .meta=${openEntry ? `${formatCount(openEntry.numTokens, 'token')} · ${formatBytes(openEntry.storedBytes)} on the disk` : ''}
    .text=${open.text ?? ''}
    .marked=${state.marked}
    .places=${open.places ?? none}
    .notes=${openEntry?.notes ?? (reading?.id === open.id ? reading.notes : none)}
    @rename=${(event: CustomEvent<string>) => void controllers.library.rename(open.id, event.detail)}
    @export=${() => void actions.exportDocument(open.id, openEntry?.title ?? open.id)}
    @delete=${() => void actions.deleteDocument(open.id)}
  >
    <longpage-document-status
      .entry=${openEntry}
      .reading=${reading?.id === open.id ? reading : undefined}
      .opened=${open.opened}
      .canRead=${open.text !== undefined && reading === undefined && controllers.engine.phase === 'ready'}
      @stop=${() => controllers.library.stop()}
      @read=${() => void controllers.library.readOn()}
    ></longpage-document-status>
    ${importing} ${trouble}
  </longpage-document-reader>`;
}

function importView({ controllers }: View) {
  const { current, locked } = controllers.imports;
  if (current) {
    return html`<longpage-import-status
      .current=${current}
      @stop=${() => controllers.imports.stop()}
    ></longpage-import-status>`;
  }
  if (!locked) return null;
  return html`<longpage-password-form
    .name=${locked.file.name}
    .wasWrong=${locked.wasWrong}
    @password=${(event: CustomEvent<string>) => void controllers.imports.unlock(event.detail)}
    @cancel=${() => void controllers.imports.unlock(undefined)}
  ></longpage-password-form>`;
}

/** The names without one, or with one more. */
function toggled(ids: readonly string[], id: string): readonly string[] {
  return ids.includes(id) ? ids.filter((other) => other !== id) : [...ids, id];
}
