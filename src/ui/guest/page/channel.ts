// What noVNC takes for a socket: messages of the tab, with no port.
import type { Channel } from '@novnc/novnc';

export class MessageChannelOfTab implements Channel {
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
