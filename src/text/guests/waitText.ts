// What is said of a wait for a VM or a program in it: what it is for, and that it was in vain.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { Wait } from '../../domain/wait.js';
import { durationText } from '../relativeAge.js';

export function waitHeading(wait: Wait): string {
  const atMost = durationText(wait.atMostMs);
  switch (wait.what) {
    case 'agent':
      return t('Waiting for the guest agent of {0} (at most {1})…', wait.vm, atMost);
    case 'off':
      return t('Waiting until {0} is off (at most {1})…', wait.vm, atMost);
    case 'running':
      return t('Waiting until {0} is running (at most {1})…', wait.vm, atMost);
    case 'port':
      return t('Waiting for port {0} of {1} (at most {2})…', wait.port, wait.host, atMost);
    case 'time':
      return t('Waiting for {0}…', atMost);
  }
}

export function lateText(wait: Exclude<Wait, { what: 'time' }>): string {
  const waited = durationText(wait.atMostMs);
  switch (wait.what) {
    case 'agent':
      return t('The guest agent of {0} did not respond within {1}.', displayLine(wait.vm), waited);
    case 'off':
      return t('{0} did not stop within {1}.', displayLine(wait.vm), waited);
    case 'running':
      return t('{0} did not start within {1}.', displayLine(wait.vm), waited);
    case 'port':
      return t('Port {0} of {1} did not respond within {2}.', wait.port, displayLine(wait.host), waited);
  }
}

/** @param how to name one, as who asked writes it */
export function noAddressText(name: string, how: string): string {
  return t('{0} reported no IP address. Specify one: {1}', displayLine(name), how);
}

export function lateProgramText(name: string, atMostMs: number, pid: number): string {
  return t(
    'The program did not end within {0}. It continues in {1} as process {2}.',
    durationText(atMostMs),
    displayLine(name),
    pid,
  );
}

export function silentAgentText(vm: string): string {
  return t(
    'The guest agent of {0} does not respond. Install it in the guest (qemu-guest-agent), or wait until it has started.',
    displayLine(vm),
  );
}

export function noAgentText(name: string): string {
  return t(
    '{0} has no guest agent to wait for. Wait for one of its ports, or for a number of seconds.',
    displayLine(name),
  );
}
