// How a guest that began as a copy of another one gets random numbers, a machine ID and SSH host keys of its own: what
// is run in it, and what came of that. Pure.
import type { GuestCommand, GuestRun } from './guestCommand.js';
import identityProgram from './guestIdentity.sh';
import seedProgram from './guestSeed.sh';

const parts = ['seed', 'machineId', 'hostKeys'] as const;
export type IdentityPart = (typeof parts)[number];

export type Renewal =
  /** Empty: the guest has none of them. */
  | { readonly kind: 'renewed'; readonly parts: readonly IdentityPart[] }
  /** `why` is what the guest wrote: untrusted, one line or none. */
  | { readonly kind: 'stopped'; readonly parts: readonly IdentityPart[]; readonly why: string }
  /** It goes on in the guest. */
  | { readonly kind: 'late'; readonly pid: number };

/** Without KVM a guest takes half a minute and more for an RSA key. */
export const renewalMs = 180_000;

/** The seed comes first, for the others are made of it. @param seed random, `seedBytes` of them */
export function identityCommand(seed: Uint8Array): GuestCommand {
  return { program: 'sh', args: ['-c', `set -eu\n${seedProgram}${identityProgram}`], input: seed, atMostMs: renewalMs };
}

export function renewalOf(ran: GuestRun): Renewal {
  if (ran.kind === 'late') {
    return ran;
  }
  const told = linesOf(ran.stdout.bytes);
  const renewed = parts.filter((part) => told.includes(part));
  return ran.exitCode === 0
    ? { kind: 'renewed', parts: renewed }
    : { kind: 'stopped', parts: renewed, why: linesOf(ran.stderr.bytes).at(-1) ?? '' };
}

function linesOf(bytes: Uint8Array): readonly string[] {
  return new TextDecoder()
    .decode(bytes)
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

/**
 * How a guest of which there is a copy comes to random numbers of its own: bytes for the standard input of
 * guestSeed.sh.
 */
export const seedBytes = 256;
