// What can be waited for of a guest.

/** The waits that need only the VM. */
export const vmWaits = ['agent', 'running', 'off'] as const;

/** What is waited for; `atMostMs` is how long, and for `time` just that. */
export type Wait =
  | {
      readonly what: (typeof vmWaits)[number];
      readonly vm: string;
      readonly connection?: string;
      readonly atMostMs: number;
    }
  | { readonly what: 'port'; readonly host: string; readonly port: number; readonly atMostMs: number }
  | { readonly what: 'time'; readonly atMostMs: number };
