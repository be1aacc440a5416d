// What is used of noVNC, which brings no types: docs/API.md of its package.
declare module '@novnc/novnc' {
  interface Channel {
    binaryType: string;
    protocol: string;
    readyState: number | string;
    onopen: (() => void) | null;
    onmessage: ((event: { readonly data: ArrayBuffer }) => void) | null;
    onclose: ((event: { readonly code: number; readonly reason: string }) => void) | null;
    onerror: (() => void) | null;
    send(bytes: Uint8Array): void;
    close(): void;
  }

  interface RfbEvents {
    connect: CustomEvent;
    disconnect: CustomEvent<{ readonly clean: boolean }>;
    credentialsrequired: CustomEvent<{ readonly types: readonly string[] }>;
    securityfailure: CustomEvent<{ readonly status: number; readonly reason?: string }>;
    clipboard: CustomEvent<{ readonly text: string }>;
    desktopname: CustomEvent<{ readonly name: string }>;
  }

  export type { Channel };

  export default class RFB {
    constructor(target: HTMLElement, channel: Channel, options?: { readonly shared?: boolean });
    background: string;
    scaleViewport: boolean;
    viewOnly: boolean;
    addEventListener<K extends keyof RfbEvents>(kind: K, hear: (event: RfbEvents[K]) => void): void;
    sendCredentials(credentials: { readonly password: string }): void;
    sendCtrlAltDel(): void;
    sendKey(keysym: number, code: string | null, down?: boolean): void;
    disconnect(): void;
    focus(options?: FocusOptions): void;
    blur(): void;
  }
}
