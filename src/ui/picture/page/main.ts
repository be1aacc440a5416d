// Starts the picture's page in its tab: the first message brings the words, everything after it goes to the page.
import * as l10n from '@vscode/l10n';
import type { ToPicture } from '../messages.js';
import { Page } from './page.js';

declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  getState(): unknown;
  setState(state: unknown): void;
};

const editor = acquireVsCodeApi();
let page: Page | undefined;

/** What the page itself has kept, over the times that its tab is hidden. */
function readPageState(): { readonly ground?: unknown } {
  const state = editor.getState();
  return typeof state === 'object' && state !== null ? state : {};
}

addEventListener('message', (event: MessageEvent<ToPicture>) => {
  const message = event.data;
  if (message.kind === 'start') {
    const { sentences, language, kept } = message;
    document.documentElement.lang = language;
    editor.setState({ ...kept, ground: readPageState().ground });
    l10n.config({ contents: sentences });
    page ??= new Page((sent) => editor.postMessage(sent), {
      get: () => readPageState().ground,
      set: (ground) => editor.setState({ ...readPageState(), ground }),
    });
    return;
  }
  page?.take(message);
});

editor.postMessage({ kind: 'ready' });
