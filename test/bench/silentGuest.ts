// A guest that says a character each millisecond, and how long it said none: what a stop is for it, whatever libvirt
// tells.
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import type { defineTestGuest } from '../../scripts/guest/testGuest.mjs';
import { element } from '../../scripts/guest/xml.mjs';
import { holdProcess } from '../../scripts/rig/heldProcess.mjs';
import { root } from '../../scripts/rig/root.mjs';
import type { Daemon } from './measure.js';

type TestGuest = Awaited<ReturnType<typeof defineTestGuest>>;

const sources = join(root, 'scripts/guest');

export class SilentGuest {
  readonly #ear: ReturnType<typeof holdProcess>;

  private constructor(ear: ReturnType<typeof holdProcess>) {
    this.#ear = ear;
  }

  /** Starts a guest that is off, with one more serial port. */
  static async start(daemon: Daemon, guest: TestGuest): Promise<SilentGuest> {
    const path = join(daemon.dir, `${guest.name}.ticks`);
    const port = element(
      'serial',
      { type: 'unix' },
      element('source', { mode: 'bind', path }),
      element('target', { port: 1 }),
    );
    const xml = await virshOk(daemon.virsh, 'dumpxml', guest.name, '--inactive');
    const [before = '', after = ''] = xml.split('<console');
    await withXmlFile(`${before}${port.xml}<console${after}`, (file) => virshOk(daemon.virsh, 'define', file));
    await guest.start();
    const program = join(daemon.dir, 'ticker');
    await promisify(execFile)('nasm', ['-f', 'bin', '-o', program, join(sources, 'ticker.asm')]);
    const bytes = [...(await readFile(program))].map((byte) => `\\${byte.toString(8).padStart(3, '0')}`).join('');
    const { code, stderr } = await guest.run('sh', [
      '-c',
      `printf '${bytes}' >/tmp/ticker && chmod +x /tmp/ticker && setsid /tmp/ticker </dev/null >/dev/ttyS1 2>/dev/null &`,
    ]);
    if (code !== 0) {
      throw new Error(stderr);
    }
    return new SilentGuest(holdProcess([process.execPath, join(sources, 'silence.mjs'), path]));
  }

  /** The longest time within it for which nothing was heard of the guest. */
  async during<T>(act: () => Promise<T>): Promise<{ readonly made: T; readonly silentMs: number }> {
    await this.#ear.ask('begin');
    const made = await act();
    return { made, silentMs: Number(await this.#ear.ask('end')) };
  }

  stop(): Promise<void> {
    return this.#ear.end();
  }
}
