// What the tab of a display and its page tell each other.

export type ToDisplay =
  /** A server answers: a new conversation begins with the next bytes. */
  | { readonly kind: 'open' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Nobody answers any more; the picture stays. */
  | { readonly kind: 'wait'; readonly why: string }
  | { readonly kind: 'password'; readonly password: string }
  | { readonly kind: 'type'; readonly text: string };

export type FromDisplay =
  | { readonly kind: 'ready' }
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** The page has taken in so many bytes; more may come. */
  | { readonly kind: 'taken'; readonly count: number }
  | { readonly kind: 'password' }
  /** A person wants the clipboard's text typed in the guest. */
  | { readonly kind: 'paste' }
  /** A person wants what the guest copied last. */
  | { readonly kind: 'copy'; readonly text: string }
  | { readonly kind: 'screenshot' }
  /** The server and the page do not understand each other. */
  | { readonly kind: 'refused'; readonly why: string }
  /** A picture is shown. */
  | { readonly kind: 'shown' };
