// A program that is run inside of a guest, and what came of it.

export interface GuestCommand {
  /** A path, or a name that the guest looks for. No shell is between. */
  readonly program: string;
  readonly args: readonly string[];
  /** What it reads from its standard input. */
  readonly input?: Uint8Array;
  readonly atMostMs: number;
}

/** What it wrote is untrusted, and cut at `mostGuestOutput`. */
export interface GuestOutputBytes {
  readonly bytes: Uint8Array;
  readonly isCut: boolean;
}

export type GuestRun =
  | {
      readonly kind: 'ended';
      /** Undefined where a signal ended it. */
      readonly exitCode?: number;
      readonly signal?: number;
      readonly stdout: GuestOutputBytes;
      readonly stderr: GuestOutputBytes;
    }
  /** It still runs: the agent tells of its output only when it has ended. */
  | { readonly kind: 'late'; readonly pid: number };

/** The most bytes of each of its two outputs. */
export const mostGuestOutput = 1024 * 1024;
