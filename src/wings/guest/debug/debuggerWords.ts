// What a debugger says by gdb's protocol, as far as QEMU must not hear it twice, or at all. Pure.

import { displayLine } from '../../../domain/plainText.js';

/** Far more than QEMU takes at once. */
const mostPending = 256 * 1024;
const [begin, end] = ['$', '#'];
const sumLength = 2;

interface HeardWords {
  /** For QEMU: packets pass whole. */
  readonly pass: Buffer;
  /** A command for QEMU's monitor that may end or change it, and does not pass. */
  readonly refused?: string;
  /** QEMU would end itself at it, and the guest with it. What comes behind it is of no use. */
  readonly isKill: boolean;
}

export class DebuggerWords {
  #pending = Buffer.alloc(0);
  /** The debugger has left the guest. QEMU crashes at a second time (7.2). */
  isDetached = false;

  /** @throws Error where it is no such protocol */
  take(bytes: Uint8Array): HeardWords {
    const all = Buffer.concat([this.#pending, bytes]);
    const pass: Buffer[] = [];
    let refused: string | undefined;
    let [passed, taken] = [0, 0];
    const endAt = (to: number, isKill: boolean): HeardWords => ({
      pass: Buffer.concat([...pass, all.subarray(taken, to)]),
      isKill,
      ...(refused !== undefined && { refused }),
    });
    for (;;) {
      const from = all.indexOf(begin, passed);
      const to = from < 0 ? -1 : all.indexOf(end, from);
      const next = to < 0 ? Number.POSITIVE_INFINITY : to + 1 + sumLength;
      if (next > all.length) {
        const whole = from < 0 ? all.length : from;
        this.#pending = all.subarray(whole);
        if (this.#pending.length > mostPending) {
          throw new Error('a packet that does not end');
        }
        return endAt(whole, false);
      }
      // If a packet is too long for QEMU, it reads the one that begins within it.
      const packet = unescape(all.toString('latin1', all.lastIndexOf(begin, to) + 1, to));
      if (packet === 'k' || packet.startsWith('vKill;')) {
        return endAt(from, true);
      }
      const command = monitorCommandIn(packet);
      if (command !== undefined && !onlyShows.test(command)) {
        pass.push(all.subarray(taken, from));
        taken = next;
        refused = displayLine(command);
      }
      this.isDetached = /^D(?:;[\da-f]+)?$/u.test(packet);
      passed = next;
    }
  }
}

/** QEMU knows a command by any of its names; what is not among these is not known to be harmless. */
const onlyShows = /^ *(?:help|\?|info|print|p|x|xp|gva2gpa|gpa2hva|gpa2hpa)(?: [ -~]*)?$/u;

/** As gdb has it of `monitor COMMAND`: in hexadecimal digits. */
function monitorCommandIn(packet: string): string | undefined {
  const [, digits] = /^qRcmd,([\da-f]*)/iu.exec(packet) ?? [];
  return digits === undefined ? undefined : Buffer.from(digits, 'hex').toString('latin1');
}

/** Any character may be escaped. */
function unescape(packet: string): string {
  return packet.replaceAll(/\}([^])/gu, (_, escaped: string) => String.fromCharCode(escaped.charCodeAt(0) ^ 0x20));
}
