// How the command line ends, as a number: one table for the code and the document.
import type { FailureKind } from '../domain/failure.js';

export const exitCodes = {
  done: [0, 'done, or nothing to do'],
  failed: [
    1,
    'it failed: libvirt, QEMU, the guest, the journal or a full disk; the message says what state things are in',
  ],
  usage: [2, 'invalid arguments'],
  notFound: [3, 'the VM, snapshot, connection or file does not exist'],
  ambiguous: [4, 'a name matches several; the message lists them'],
  refused: [5, 'rejected because it is not safe or not possible here; nothing was changed'],
  unanswered: [6, 'a confirmation is required, but nobody can answer: see `--yes`; nothing was changed'],
  declined: [7, 'the question was answered with no; nothing was changed'],
  busy: [8, 'another editor, command line or program is using the VM'],
  unreachable: [9, 'libvirt does not respond, denies access, or the connection was closed'],
  wrong: [
    10,
    '`doctor`, `health` and `lab`: a VM or a lab file has problems; `empty`: a VM stays; `watch`: a VM crashed too often',
  ],
  late: [124, 'time limit reached'],
  notRun: [125, '`run`: the program could not be run; otherwise its own exit code'],
  cancelled: [130, 'cancelled by Ctrl+C'],
} as const satisfies Record<string, readonly [code: number, meaning: string]>;

export type ExitName = keyof typeof exitCodes;

export function exitCode(name: ExitName): number {
  return exitCodes[name][0];
}

const names: Readonly<Record<FailureKind, ExitName>> = {
  notFound: 'notFound',
  ambiguous: 'ambiguous',
  denied: 'unreachable',
  unreachable: 'unreachable',
  lost: 'unreachable',
  protocol: 'unreachable',
  busy: 'busy',
  unsupported: 'refused',
  refused: 'refused',
  stopped: 'failed',
  exists: 'failed',
  invalid: 'failed',
  noSpace: 'failed',
  journal: 'failed',
  late: 'late',
  cancelled: 'cancelled',
  failed: 'failed',
};

export function exitOfFailure(kind: FailureKind): ExitName {
  return names[kind];
}
