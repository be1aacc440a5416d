// What can be waited for of a guest.

/** The waits that need only the VM. */
export const vmWaits = ['agent', 'running', 'off'] as const;

export interface PortWait {
  readonly what: 'port';
  /** An address, or the name of a VM. */
  readonly host: string;
  readonly port: number;
  readonly atMostMs: number;
  /** What leads there, and takes a connection before the guest does. */
  readonly by?: {
    readonly address: string;
    readonly port: number;
    /** Whether the guest has taken one too; undefined where only the guest knows. */
    readonly isTaken: () => Promise<boolean | undefined>;
  };
}

/** What is waited for; `atMostMs` is how long, and for `time` just that. */
export type Wait =
  | {
      readonly what: (typeof vmWaits)[number];
      readonly vm: string;
      readonly connection?: string;
      readonly atMostMs: number;
    }
  | PortWait
  | { readonly what: 'time'; readonly atMostMs: number };
