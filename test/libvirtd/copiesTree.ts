// A VM with a branched tree on disks that a test fills itself, and what each of its restore points holds.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { contentFile, type CopiesHost, writePattern } from './copiesRig.js';
import { defineDiskVm } from './diskVm.js';
import { runTool } from './insideImages.js';

const present = 'the present';

export class CopiedTree {
  readonly #expected: string;

  constructor(
    readonly host: CopiesHost,
    readonly vm: string,
  ) {
    this.#expected = join(host.rig.daemon.dir, 'expected');
  }

  get image(): string {
    return join(this.host.rig.daemon.dir, 'images', 'base.qcow2');
  }

  /** Below `first`: `ram` and `disks` of a running VM, and the branch that the VM is on. */
  async make(): Promise<void> {
    const { rig, run } = this.host;
    mkdirSync(this.#expected);
    mkdirSync(join(rig.daemon.dir, 'images'));
    const random = join(rig.daemon.dir, 'random');
    await runTool('sh', '-c', `head -c 16M /dev/urandom > ${random}`);
    await runTool('qemu-img', 'convert', '-O', 'qcow2', random, this.image);
    await runTool('qemu-img', 'resize', '-q', this.image, '32M');
    await defineDiskVm(rig, this.vm, [{ file: this.image, format: 'qcow2' }]);
    await this.take('first', 'offline');
    await this.change(1, '17M');
    await run('done', 'start', this.vm);
    await this.take('ram', 'memory');
    await this.take('disks', 'disk');
    await run('done', 'revert', this.vm, 'first', '--yes', '--no-checkpoint');
    await this.change(2, '18M');
    await this.take('branch', 'offline');
    await this.change(3, '19M');
  }

  async take(title: string, kind: string): Promise<void> {
    await this.host.run('done', 'checkpoint', this.vm, title, '--kind', kind, '--style', 'external');
  }

  async change(pattern: number, at: string): Promise<void> {
    await writePattern(await contentFile(this.host, this.vm), pattern, at);
  }

  /** What each snapshot and the current state hold, as one raw image each. */
  async keepContents(): Promise<void> {
    for (const snapshot of [...(await snapshotsOn(this.host, this.vm)), undefined]) {
      const to = join(this.#expected, snapshot ?? present);
      const file = await contentFile(this.host, this.vm, snapshot);
      await runTool('qemu-img', 'convert', '-f', 'qcow2', '-O', 'raw', file, to);
    }
  }

  async requireContent(file: string, snapshot?: string): Promise<void> {
    await runTool(
      ...(['qemu-img', 'compare', '-f', 'qcow2', '-F', 'raw', file] as const),
      join(this.#expected, snapshot ?? present),
    );
  }

  /** All of it, on another host. */
  async requireSame(host: CopiesHost, vm = this.vm): Promise<void> {
    for (const snapshot of [...(await snapshotsOn(this.host, this.vm)), undefined]) {
      await this.requireContent(await contentFile(host, vm, snapshot), snapshot);
    }
  }
}

export async function snapshotsOn({ rig }: CopiesHost, vm: string): Promise<readonly string[]> {
  return (await rig.virsh('snapshot-list', vm, '--name', '--topological')).split('\n').filter((line) => line !== '');
}
