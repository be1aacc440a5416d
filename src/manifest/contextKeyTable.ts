// Which context keys there are and what they can hold.

/** Why the view is empty; `none` when it is not. */
export const welcomeStates = ['none', 'noConnections', 'connecting', 'noLibvirt', 'denied', 'noVms'] as const;
export type WelcomeState = (typeof welcomeStates)[number];

/** What lets in who is not let in by libvirt, where `welcome` is `denied`. */
export type DeniedEntry = 'group' | 'newLogin' | 'noPolkit' | 'lateAnswer' | 'unknown';

export interface ContextKeys {
  readonly 'virtRewind.welcome': WelcomeState;
  /** The group that may open libvirt's socket, where `welcome` is `denied`; empty when it is not known. */
  readonly 'virtRewind.deniedGroup': string;
  readonly 'virtRewind.deniedEntry': DeniedEntry;
  /** A filter hides rows. */
  readonly 'virtRewind.filtered': boolean;
  /** The view has been seen: the first step of the walkthrough is done. */
  readonly 'virtRewind.viewOpened': boolean;
  /** Done from this window, which ticks a step of the walkthrough; a command alone may have been cancelled. */
  readonly 'virtRewind.didCreate': boolean;
  readonly 'virtRewind.didRevert': boolean;
  readonly 'virtRewind.didDelete': boolean;
  readonly 'virtRewind.didCreateLab': boolean;
  /** `npm start` has opened the window: the walkthrough has a step on its VM. */
  readonly 'virtRewind.demo': boolean;
  /** A lesson is under way, or its last page is in sight. */
  readonly 'virtRewind.lesson': boolean;
  /** The report in front has a difference of XML behind it. */
  readonly 'virtRewind.comparison': boolean;
  /** Somebody looks into the files of a VM. */
  readonly 'virtRewind.guestFiles': boolean;
  /** At least one operation runs. */
  readonly 'virtRewind.operationRunning': boolean;
}

export const contextKeys: readonly (keyof ContextKeys)[] = [
  'virtRewind.welcome',
  'virtRewind.deniedGroup',
  'virtRewind.deniedEntry',
  'virtRewind.filtered',
  'virtRewind.viewOpened',
  'virtRewind.didCreate',
  'virtRewind.didRevert',
  'virtRewind.didDelete',
  'virtRewind.didCreateLab',
  'virtRewind.demo',
  'virtRewind.lesson',
  'virtRewind.comparison',
  'virtRewind.guestFiles',
  'virtRewind.operationRunning',
];
