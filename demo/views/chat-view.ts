/** The conversation on the open document, or without one. */
import { html } from 'lit';
import type { Passage } from '../components/answer-sources';
import type { TurnEventDetail } from '../components/chat-log';
import '../components/chat-panel';
import '../components/document-overview';
import '../components/error-panel';
import '../components/together-status';
import { none, type View } from './view';

/** See the file's header. */
export function chatView({ controllers, actions, state }: View) {
  const { conversations, current, answeringId, storeProblem } = controllers.chat;
  // Without an engine the page says what became of it.
  const asked = controllers.chat.problem ?? controllers.together.problem ?? controllers.overview.problem;
  const problem = controllers.engine.phase === 'failed' ? storeProblem : (asked ?? storeProblem);
  return html`<longpage-chat-panel
    .conversations=${conversations}
    .current=${current}
    .text=${state.isChatting ? undefined : controllers.library.open?.text}
    .answeringId=${answeringId}
    .whyNotReady=${controllers.whyNotReady(state.isChatting)}
    .intro=${state.isChatting ? 'Talk to the model itself. Scout has little to say without a text to read.' : `Ask about this document.${controllers.library.openPart ? ' Answers come from what is read of it so far.' : ''}`}
    .suggestions=${state.isChatting ? [] : controllers.suggestions}
    @question=${(event: CustomEvent<string>) => void actions.answered(controllers.chat.ask(event.detail))}
    @stop=${() => controllers.chat.stop()}
    @begin=${() => controllers.chat.begin()}
    @select=${(event: CustomEvent<string>) => controllers.chat.select(event.detail)}
    @save=${() => actions.saveConversation()}
    @remove=${() => void controllers.chat.delete()}
    @edit=${({ detail }: CustomEvent<TurnEventDetail>) => void actions.answered(controllers.chat.edit(detail.turn, detail.text!))}
    @again=${({ detail }: CustomEvent<TurnEventDetail>) => void actions.answered(controllers.chat.answerAgain(detail.turn))}
    @show=${({ detail }: CustomEvent<Passage>) => void actions.showPassage(detail)}
    @choose=${({ detail }: CustomEvent<TurnEventDetail>) => controllers.chat.choose(detail.turn)}
  >
    <longpage-document-overview
      slot="overview"
      .overview=${state.isChatting ? undefined : controllers.overview.current}
      .writing=${controllers.overview.writing}
      .canWrite=${!state.isChatting && controllers.overview.canWrite}
      .isSlow=${controllers.engine.isSlow}
      @write=${() => void controllers.overview.write()}
      @stop=${() => actions.stopOverview()}
    ></longpage-document-overview>
    ${
      controllers.chat.documentIds.length > 1
        ? html`<longpage-together-status
            .plan=${controllers.together.plan}
            .progress=${controllers.together.progress}
            @alone=${() => controllers.chat.askBeside(none)}
          ></longpage-together-status>`
        : null
    }
    ${
      problem === undefined
        ? null
        : html`<longpage-error-panel
            .error=${problem}
            .documents=${controllers.library.documents}
            .gpuBytes=${controllers.engine.settings.gpuBytes}
            @limit=${(event: CustomEvent<number>) => actions.limit(event.detail)}
            @dismiss=${() => {
              controllers.together.problem = undefined;
              controllers.overview.problem = undefined;
              controllers.chat.dismiss();
            }}
          ></longpage-error-panel>`
    }
  </longpage-chat-panel>`;
}
