// The example of a lab, used as its page says: on a daemon of its own, by the command line on the PATH.
import assert from 'node:assert/strict';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { buildDoor } from '../../scripts/build.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { run } from '../../scripts/rig/run.mjs';
import { putExampleLab } from '../../scripts/start/exampleLab.mjs';
import type { Daemon } from './engineRig.js';

export const exampleVms = ['shop-client', 'shop-database', 'shop-server'];

export class ExampleLab {
  readonly daemon: Daemon;
  readonly folder: string;
  readonly #env: NodeJS.ProcessEnv;

  private constructor(daemon: Daemon) {
    this.daemon = daemon;
    this.folder = join(daemon.dir, 'shop');
    this.#env = {
      ...daemon.env,
      VIRT_REWIND_STATE: this.state,
      VIRT_REWIND_LABS: join(daemon.dir, 'labs'),
      LIBVIRT_DEFAULT_URI: daemon.uri,
      LC_ALL: 'C',
      // Removes the variable of the test program: node --test would treat itself as a part of it.
      NODE_TEST_CONTEXT: undefined,
      PATH: `${join(daemon.dir, 'bin')}:${process.env['PATH'] ?? ''}`,
    };
  }

  get state(): string {
    return join(this.daemon.dir, 'state');
  }

  static async put(): Promise<ExampleLab> {
    const daemon = await startPrivateDaemon();
    const example = new ExampleLab(daemon);
    const program = await buildDoor('commandLine', join(daemon.dir, 'program'));
    await mkdir(join(daemon.dir, 'bin'));
    const starter = `#!/bin/sh\nexec "${process.execPath}" "${program}" "$@"\n`;
    await writeFile(join(daemon.dir, 'bin/virt-rewind'), starter, { mode: 0o755 });
    await putExampleLab(example.folder);
    return example;
  }

  /** In its folder. @returns what was written, to both */
  async run(code: number, program: string, ...args: readonly string[]): Promise<string> {
    const ran = await run(program, args, { cwd: this.folder, env: this.#env });
    const said = `${ran.stdout}${ran.stderr}`;
    assert.equal(ran.code, code, `${program} ${args.join(' ')}: ${said}`);
    return said;
  }

  /** The commands that its package.json has, without npm, which takes longer than they do. */
  readonly create = (): Promise<string> => this.run(0, 'virt-rewind', 'lab', 'create');
  readonly break = (): Promise<string> => this.run(0, 'sh', 'break.sh');
  readonly reset = (): Promise<string> => this.run(0, 'virt-rewind', 'lab', 'reset', '--yes');
  readonly test = (): Promise<string> => this.run(0, process.execPath, 'test/shop.test.mjs');

  async virsh(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await this.daemon.virsh(args);
    assert.equal(code, 0, stderr);
    return stdout.trim();
  }

  /** What resets leave behind. */
  async left(): Promise<{ readonly snapshots: number; readonly files: readonly string[] }> {
    const names = await Promise.all(exampleVms.map((vm) => this.virsh('snapshot-list', vm, '--name')));
    const files = await readdir(this.daemon.dir, { recursive: true });
    return { snapshots: names.join('\n').split('\n').filter(Boolean).length, files };
  }
}
