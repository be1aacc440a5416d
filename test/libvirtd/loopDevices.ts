// Files as block devices, for tests as root; those that an ended run left are released first.
import { findProgram, run, runOk } from '../../scripts/rig/run.mjs';

export class LoopDevices {
  readonly #attached: string[] = [];
  #isTidy = false;

  /** A file as a device; the reason, where this machine gives none. A daemon sees only those that were there before. */
  async attach(file: string, ...words: readonly string[]): Promise<string | { readonly why: string }> {
    const losetup = (await findProgram('losetup')) ?? 'losetup';
    if (!this.#isTidy) {
      this.#isTidy = true;
      await releaseLeft(losetup);
    }
    const { code, stdout, stderr } = await run(losetup, ['--find', '--show', ...words, file]);
    const device = stdout.trim();
    if (code !== 0) {
      return { why: stderr };
    }
    this.#attached.push(device);
    return device;
  }

  async detach(device: string): Promise<void> {
    this.#attached.splice(this.#attached.indexOf(device), 1);
    await runOk('losetup', ['-d', device]);
  }

  /** One that is in use goes with its last user. */
  async stop(): Promise<void> {
    for (const device of [...this.#attached]) {
      await this.detach(device);
    }
  }
}

/** A run that was ended leaves its devices. */
async function releaseLeft(losetup: string): Promise<void> {
  const { stdout } = await run(losetup, ['--list', '--noheadings', '--output', 'NAME,BACK-FILE']);
  for (const line of stdout.split('\n').filter((one) => one.includes('/vr-') && one.endsWith(' (deleted)'))) {
    await run(losetup, ['-d', line.split(/\s/u)[0] ?? '']);
  }
}
