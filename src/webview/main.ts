// Starts the picture's page in its tab: the first message brings the words, everything after it goes to the page.
import type { ToPicture } from './messages.js';
import { Page } from './page.js';

declare function acquireVsCodeApi(): {
  postMessage(message: unknown): void;
  setState(state: unknown): void;
};

const editor = acquireVsCodeApi();
let page: Page | undefined;

addEventListener('message', (event: MessageEvent<ToPicture>) => {
  const message = event.data;
  if (message.type === 'start') {
    const { sentences, language, kept } = message;
    document.documentElement.lang = language;
    editor.setState(kept);
    page ??= new Page(
      (text, ...args) =>
        (sentences[text] ?? text).replace(/\{(\d+)\}/gu, (whole, index: string) =>
          String(args[Number(index)] ?? whole),
        ),
      (sent) => editor.postMessage(sent),
    );
    return;
  }
  page?.take(message);
});

editor.postMessage({ type: 'ready' });
