// What can be waited for of a guest.

/** What is waited for; `atMostMs` is how long, and for `time` just that. */
export type Wait =
  | {
      readonly what: 'agent' | 'off' | 'running';
      readonly vm: string;
      readonly connection?: string;
      readonly atMostMs: number;
    }
  | { readonly what: 'port'; readonly host: string; readonly port: number; readonly atMostMs: number }
  | { readonly what: 'time'; readonly atMostMs: number };
