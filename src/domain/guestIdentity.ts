// How a guest that began as a copy of another one gets random numbers, a machine ID and SSH host keys of its own: what
// is run in it, and what came of that. Pure.
import type { GuestCommand, GuestRun } from './guestCommand.js';
import { seedScript } from './guestSeed.js';

const parts = ['seed', 'machineId', 'hostKeys'] as const;
export type IdentityPart = (typeof parts)[number];

export type Renewal =
  /** Empty: the guest has none of them. */
  | { readonly kind: 'renewed'; readonly parts: readonly IdentityPart[] }
  /** `why` is what the guest wrote: untrusted, one line or none. */
  | { readonly kind: 'stopped'; readonly parts: readonly IdentityPart[]; readonly why: string }
  /** It goes on in the guest. */
  | { readonly kind: 'late'; readonly pid: number };

/**
 * The seed comes first, for the others are made of it. machine-id(5): 32 hex digits and a line break. The new keys are
 * whole before the old ones go: of the types that ssh-keygen(1) makes by itself. sshd(8) reads them again at SIGHUP;
 * one that is started for each login does so anyway.
 */
const script = String.raw`
set -eu
${seedScript}
echo seed
umask 022
if [ -f /etc/machine-id ]; then
  id=$(tr -d - </proc/sys/kernel/random/uuid)
  printf '%s\n' "$id" >/etc/machine-id
  if [ -f /var/lib/dbus/machine-id ] && [ ! -L /var/lib/dbus/machine-id ]; then
    printf '%s\n' "$id" >/var/lib/dbus/machine-id
  fi
  echo machineId
fi
if [ -d /etc/ssh ] && command -v ssh-keygen >/dev/null; then
  new=$(mktemp -d)
  trap 'rm -rf "$new"' EXIT
  mkdir -p "$new/etc/ssh"
  ssh-keygen -A -f "$new" >/dev/null
  rm -f /etc/ssh/ssh_host_*_key /etc/ssh/ssh_host_*_key.pub
  cp -p "$new"/etc/ssh/ssh_host_* /etc/ssh/
  if command -v restorecon >/dev/null; then restorecon -R /etc/ssh || :; fi
  if [ -s /run/sshd.pid ]; then kill -HUP "$(cat /run/sshd.pid)" || :; fi
  echo hostKeys
fi
`;

/** Without KVM a guest takes half a minute and more for an RSA key. */
export const renewalMs = 180_000;

/** @param seed random, `seedBytes` of them */
export function identityCommand(seed: Uint8Array): GuestCommand {
  return { program: 'sh', args: ['-c', script], input: seed, atMostMs: renewalMs };
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
