// The page of a display: noVNC between the guest and the buttons above it. Its words are in the document.
import RFB, { type Channel } from '@novnc/novnc';
import type { FromDisplay, ToDisplay } from '../displayMessages.js';

/** What noVNC takes for a socket: messages of the tab, with no port. */
class MessageChannelOfTab implements Channel {
  binaryType = 'arraybuffer';
  protocol = '';
  readyState = 'open';
  onopen: Channel['onopen'] = null;
  onmessage: Channel['onmessage'] = null;
  onclose: Channel['onclose'] = null;
  onerror: Channel['onerror'] = null;
  // noVNC asks the object for its properties by their names.
  readonly send: (bytes: Uint8Array) => void;

  constructor(send: (bytes: Uint8Array) => void) {
    // It uses its buffer again.
    this.send = (bytes) => send(bytes.slice());
  }

  take(bytes: Uint8Array): void {
    this.onmessage?.({ data: bytes.slice().buffer });
  }

  close(): void {
    if (this.readyState === 'open') {
      this.readyState = 'closed';
      this.onclose?.({ code: 1000, reason: '' });
    }
  }
}

declare function acquireVsCodeApi(): {
  postMessage(message: FromDisplay): void;
  getState(): unknown;
  setState(state: unknown): void;
};

interface KeptChoices {
  readonly fit: boolean;
  readonly viewOnly: boolean;
}

const editor = acquireVsCodeApi();
const screen = byId('screen');
const status = byId('status');
const buttons = {
  keys: byId('keys') as HTMLButtonElement,
  paste: byId('paste') as HTMLButtonElement,
  copy: byId('copy') as HTMLButtonElement,
  fit: byId('fit') as HTMLButtonElement,
  viewOnly: byId('viewOnly') as HTMLButtonElement,
  screenshot: byId('screenshot') as HTMLButtonElement,
};
let kept = readKept();
let copied: string | undefined;
let drawn: { readonly rfb: RFB; readonly channel: MessageChannelOfTab } | undefined;
/** The same, as long as the guest answers. */
let open: typeof drawn;

function byId(id: string): HTMLElement {
  const found = document.getElementById(id);
  if (found === null) {
    throw new Error(`the document has no ${id}`);
  }
  return found;
}

function readKept(): KeptChoices {
  const state = editor.getState();
  const { fit, viewOnly } = typeof state === 'object' && state !== null ? (state as Partial<KeptChoices>) : {};
  return { fit: fit !== false, viewOnly: viewOnly === true };
}

function begin(): void {
  drawn?.rfb.disconnect();
  screen.replaceChildren();
  const channel = new MessageChannelOfTab((bytes) => editor.postMessage({ kind: 'bytes', bytes }));
  const rfb = new RFB(screen, channel, { shared: true });
  drawn = open = { rfb, channel };
  rfb.background = 'transparent';
  rfb.addEventListener('connect', () => {
    showStatus('');
    draw();
    rfb.focus({ preventScroll: true });
    editor.postMessage({ kind: 'shown' });
  });
  rfb.addEventListener('credentialsrequired', () => editor.postMessage({ kind: 'password' }));
  rfb.addEventListener('securityfailure', ({ detail }) =>
    editor.postMessage({ kind: 'refused', why: detail.reason ?? `VNC security failure ${detail.status}` }),
  );
  rfb.addEventListener('clipboard', ({ detail }) => {
    copied = detail.text;
    draw();
  });
  draw();
}

function draw(): void {
  const isOpen = open !== undefined;
  for (const button of [buttons.keys, buttons.paste]) {
    button.disabled = !isOpen || kept.viewOnly;
  }
  buttons.copy.disabled = copied === undefined;
  buttons.screenshot.disabled = !isOpen;
  buttons.fit.setAttribute('aria-pressed', String(kept.fit));
  buttons.viewOnly.setAttribute('aria-pressed', String(kept.viewOnly));
  if (open !== undefined) {
    open.rfb.scaleViewport = kept.fit;
    open.rfb.viewOnly = kept.viewOnly;
  }
}

function keep(change: Partial<KeptChoices>): void {
  kept = { ...kept, ...change };
  editor.setState(kept);
  draw();
}

function showStatus(text: string): void {
  status.textContent = text;
  screen.classList.toggle('past', text !== '');
}

const enter = 0xff0d;
const tab = 0xff09;

/** As keys: a guest needs no program of ours for it. Keysyms above Latin-1 are Unicode's with 0x01000000. */
function type(text: string): void {
  for (const letter of text) {
    const code = letter.codePointAt(0) ?? 0;
    const keysym = letter === '\n' ? enter : letter === '\t' ? tab : code < 0x100 ? code : 0x01000000 + code;
    if (keysym >= 0x20) {
      open?.rfb.sendKey(keysym, null);
    }
  }
  open?.rfb.focus();
}

addEventListener('message', ({ data }: MessageEvent<ToDisplay>) => {
  switch (data.kind) {
    case 'open':
      begin();
      break;
    case 'bytes':
      open?.channel.take(data.bytes);
      editor.postMessage({ kind: 'taken', count: data.bytes.length });
      break;
    case 'wait':
      // The last picture stays: it shows what the guest showed.
      open = undefined;
      showStatus(data.why);
      draw();
      break;
    case 'password':
      open?.rfb.sendCredentials({ password: data.password });
      break;
    case 'type':
      type(data.text);
      break;
  }
});

buttons.keys.addEventListener('click', () => open?.rfb.sendCtrlAltDel());
buttons.paste.addEventListener('click', () => editor.postMessage({ kind: 'paste' }));
buttons.copy.addEventListener('click', () => editor.postMessage({ kind: 'copy', text: copied ?? '' }));
buttons.fit.addEventListener('click', () => keep({ fit: !kept.fit }));
buttons.viewOnly.addEventListener('click', () => keep({ viewOnly: !kept.viewOnly }));
buttons.screenshot.addEventListener('click', () => editor.postMessage({ kind: 'screenshot' }));

// All keys go to the guest: the one way out of it by the keyboard.
addEventListener(
  'keydown',
  (event) => {
    if (event.ctrlKey && event.altKey && event.code === 'KeyG') {
      event.preventDefault();
      event.stopImmediatePropagation();
      open?.rfb.blur();
      (buttons.keys.disabled ? buttons.fit : buttons.keys).focus();
    }
  },
  true,
);

draw();
editor.postMessage({ kind: 'ready' });
