// Other clients than the extension, at a VM that it shows: virsh, qemu-img, and users of other daemons.
import { copyFile, rename, rm, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { element as e } from '../../scripts/guest/xml.mjs';
import { startPrivateDaemon } from '../../scripts/rig/privateDaemon.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { chainOf, type Image, named, sizeOf } from '../oracle/images.js';
import { seeVm } from '../oracle/seen.js';
import { find, findAll, readXml } from '../oracle/xml.js';
import type { ClientAction, Label, SnapshotStyle } from './action.js';
import { copyOver, makePlug, mebibyte, moveFile, moveLayer, plugFile, plugTarget, redefined } from './moves.js';
import type { Outcome } from './outcome.js';

interface FrozenDisk {
  readonly snapshot: Label;
  readonly disk: number;
}

type Daemon = Awaited<ReturnType<typeof startPrivateDaemon>>;

export class OtherClients {
  readonly #daemon: Daemon;
  readonly #style: SnapshotStyle;
  readonly #onDaemon: (uri: string) => Promise<void>;
  #name: string;
  #elsewhere: Daemon | undefined;

  /** @param onDaemon is told when the host has another daemon */
  constructor(daemon: Daemon, style: SnapshotStyle, name: string, onDaemon: (uri: string) => Promise<void>) {
    this.#daemon = daemon;
    this.#style = style;
    this.#name = name;
    this.#onDaemon = onDaemon;
  }

  /** Ends what it has started itself. */
  async stop(): Promise<void> {
    await this.#elsewhere?.stop();
  }

  /** Where disks of other VMs can stand. */
  get folder(): string {
    return this.#daemon.dir;
  }

  async run(action: ClientAction, names: ReadonlyMap<Label, string>): Promise<Outcome> {
    const vm = this.#name;
    switch (action.do) {
      case 'virshCreate': {
        const name = `by-virsh-${action.as}`;
        const { kind, style = this.#style } = action;
        const how = style === 'external' ? ['--disk-only'] : [];
        const { code, stderr } = await this.#daemon.virsh(['snapshot-create-as', vm, name, ...how]);
        if (code !== 0 && style !== this.#style) {
          // The other style may be impossible, as inside a raw disk.
          return { type: 'refused', reason: 'virshRefuses' };
        }
        if (code !== 0) {
          throw new Error(`virsh snapshot-create-as: ${stderr}`);
        }
        return { type: 'done', snapshot: { name, title: name, kind, style } };
      }
      case 'virshDelete': {
        const { code } = await this.#daemon.virsh(['snapshot-delete', vm, names.get(action.snapshot)!]);
        // libvirt deletes no internal one of an image that the VM does not stand on, as after one of the other style.
        return code === 0 ? { type: 'done' } : { type: 'refused', reason: 'virshRefuses' };
      }
      case 'spoil': {
        const name = names.get(action.snapshot)!;
        const spoilt = (await seeVm(this.#daemon.virsh, vm)).snapshots.find((snapshot) => snapshot.name === name)!;
        if (spoilt.memoryFile !== undefined) {
          await rm(spoilt.memoryFile);
        }
        for (const { file, tag } of spoilt.disks.values()) {
          if (tag !== undefined) {
            await runOk('qemu-img', ['snapshot', '-d', tag, file]);
          }
        }
        return { type: 'done' };
      }
      case 'virshForgetCurrent': {
        const name = names.get(action.snapshot)!;
        const xml = await this.#virsh('snapshot-dumpxml', vm, name, '--security-info');
        await this.#virsh('snapshot-delete', vm, name, '--metadata');
        await withXmlFile(xml, (file) => this.#virsh('snapshot-create', vm, file, '--redefine'));
        return { type: 'done' };
      }
      case 'virshPower':
        await this.#virsh(virshPower[action.action], vm);
        return { type: 'done' };
      case 'tag': {
        const image = (await seeVm(this.#daemon.virsh, vm)).disks.get(targetOf(action.disk))!;
        if (image.format !== 'qcow2') {
          return { type: 'refused', reason: 'rawHoldsNoTag' };
        }
        await runOk('qemu-img', ['snapshot', '-c', foreignName(action.as), ...(await named(image, 'guess'))]);
        return { type: 'done' };
      }
      case 'virshForget': {
        const name = names.get(action.snapshot)!;
        await this.#daemon.virsh(['snapshot-delete', vm, name, '--metadata']);
        // libvirt 9.0 forgets none with a disk that the VM has no more; or it fails, and has forgotten it.
        const { code } = await this.#daemon.virsh(['snapshot-info', vm, name]);
        return code === 0 ? { type: 'refused', reason: 'virshRefuses' } : { type: 'done' };
      }
      case 'virshCommit': {
        const xml = await this.#virsh('dumpxml', vm);
        if (!hasBacking(xml, targetOf(action.disk))) {
          return { type: 'refused', reason: 'nothingToCommit' };
        }
        const how = ['--active', '--shallow', '--pivot', '--wait'];
        await this.#virsh('blockcommit', vm, targetOf(action.disk), ...how);
        return { type: 'done' };
      }
      case 'virshCheckpoint': {
        const made = await this.#daemon.virsh(['checkpoint-create-as', vm, foreignName(action.as)]);
        // Raw disks have none, and libvirt takes none beside snapshots on some versions.
        return made.code === 0 ? { type: 'done' } : { type: 'refused', reason: 'noCheckpointHere' };
      }
      case 'virshRename':
        await this.#virsh('domrename', vm, action.name);
        this.#name = action.name;
        return { type: 'done' };
      case 'virshEdit': {
        const count = /<vcpu[^>]*>1</u.test(await this.#virsh('dumpxml', vm, '--inactive')) ? '2' : '1';
        // The most must not be less than what there is.
        for (const most of count === '2' ? [true, false] : [false, true]) {
          await this.#virsh('setvcpus', vm, count, '--config', ...(most ? ['--maximum'] : []));
        }
        return { type: 'done' };
      }
      case 'replace': {
        const image = await this.#frozen(action, names);
        if (await this.#standsOn(image.file, action)) {
          return { type: 'refused', reason: 'vmStandsOnIt' };
        }
        const copy = `${image.file}.copy`;
        await copyFile(image.file, copy);
        await runOk('qemu-io', ['-f', image.format, '-c', 'write -q -P 0xee 1M 64k', copy]);
        const hourAgo = new Date(Date.now() - 3_600_000);
        await (action.time === 'old' ? utimes(copy, hourAgo, hourAgo) : undefined);
        await rename(copy, image.file);
        return { type: 'done' };
      }
      case 'copyOver': {
        const { file, format } = await this.#frozen(action, names);
        if (await this.#standsOn(file, action)) {
          return { type: 'refused', reason: 'vmStandsOnIt' };
        }
        await copyOver(file, format, action.larger);
        return { type: 'done' };
      }
      case 'moveAway': {
        const { file } = await this.#frozen(action, names);
        if (await this.#standsOn(file, action)) {
          return { type: 'refused', reason: 'vmStandsOnIt' };
        }
        await moveFile(file);
        return { type: 'done' };
      }
      case 'moveLayer': {
        const chain = await chainOf((await seeVm(this.#daemon.virsh, vm)).disks.get(targetOf(action.disk))!);
        const layer = chain[action.depth];
        if (layer === undefined) {
          return { type: 'refused', reason: 'noSuchLayer' };
        }
        const place = await moveLayer(layer, this.folder);
        const xml = await this.#virsh('dumpxml', vm, '--inactive', '--security-info');
        const told = xml.replaceAll(`'${layer.file}'`, `'${place}'`);
        await withXmlFile(told, (file) => this.#virsh('define', file));
        return { type: 'done' };
      }
      case 'redefine': {
        const xml = await this.#virsh('dumpxml', vm, '--inactive', '--security-info');
        const { disks } = await seeVm(this.#daemon.virsh, vm);
        await this.#virsh('undefine', vm, '--snapshots-metadata');
        await withXmlFile(await redefined(xml, disks, action), (file) => this.#virsh('define', file));
        return { type: 'done' };
      }
      case 'resize': {
        const { disks, power } = await seeVm(this.#daemon.virsh, vm);
        const { file, format } = disks.get(targetOf(action.disk))!;
        const bytes = (await sizeOf({ file, format })) + mebibyte;
        await (power === 'off'
          ? runOk('qemu-img', ['resize', '-q', '-f', format, file, String(bytes)])
          : this.#virsh('blockresize', vm, targetOf(action.disk), `${String(bytes)}B`));
        return { type: 'done' };
      }
      case 'plug': {
        const file = plugFile(this.folder, action.as);
        await makePlug(file);
        const how = action.where === 'both' ? ['--live', '--config'] : [`--${action.where}`];
        const { code } = await this.#daemon.virsh([
          'attach-disk',
          vm,
          file,
          plugTarget,
          '--subdriver',
          'qcow2',
          ...how,
        ]);
        // One is there already.
        return code === 0 ? { type: 'done' } : { type: 'refused', reason: 'virshRefuses' };
      }
      case 'unplug': {
        const { code } = await this.#daemon.virsh(['detach-disk', vm, plugTarget, '--config']);
        return code === 0 ? { type: 'done' } : { type: 'refused', reason: 'virshRefuses' };
      }
      case 'commitPast': {
        const [top, base] = await chainOf(await this.#frozen(action, names));
        if (top === undefined || base === undefined) {
          return { type: 'refused', reason: 'nothingToCommit' };
        }
        if (!(await this.#standsOn(top.file, action)) && (await this.#standsOn(base.file, action))) {
          return { type: 'refused', reason: 'vmStandsOnIt' };
        }
        await runOk('qemu-img', ['commit', '-q', '-d', '-f', 'qcow2', '-b', base.file, top.file]);
        return { type: 'done' };
      }
      case 'clone': {
        const { snapshots } = await seeVm(this.#daemon.virsh, vm);
        const frozen = snapshots.find(({ name }) => name === names.get(action.of))!.disks.get(targetOf(action.disk))!;
        const file = cloneFile(this.#daemon.dir, action.as);
        await runOk('qemu-img', ['create', '-q', '-f', 'qcow2', '-F', frozen.format, '-b', frozen.file, file]);
        const daemon = action.where === 'here' ? this.#daemon : await this.#otherDaemon();
        await withXmlFile(cloneXml(action.as, file), (path) => virshOk(daemon.virsh, 'define', path));
        return { type: 'done' };
      }
    }
  }

  async #frozen({ snapshot, disk }: FrozenDisk, names: ReadonlyMap<Label, string>): Promise<Image> {
    const { snapshots } = await seeVm(this.#daemon.virsh, this.#name);
    return snapshots.find(({ name }) => name === names.get(snapshot))!.disks.get(targetOf(disk))!;
  }

  async #standsOn(file: string, { disk }: FrozenDisk): Promise<boolean> {
    const { disks } = await seeVm(this.#daemon.virsh, this.#name);
    return (await chainOf(disks.get(targetOf(disk))!)).some((layer) => layer.file === file);
  }

  /** Whatever state it is in. */
  async start(): Promise<void> {
    for (const command of ['start', 'resume']) {
      // One of the two is not what its state needs.
      await this.#daemon.virsh([command, this.#name]);
    }
  }

  async forceOff(): Promise<void> {
    await this.#virsh('destroy', this.#name);
  }

  #virsh(...args: readonly string[]): Promise<string> {
    return virshOk(this.#daemon.virsh, ...args);
  }

  async #otherDaemon(): Promise<Daemon> {
    if (this.#elsewhere === undefined) {
      this.#elsewhere = await startPrivateDaemon();
      await this.#onDaemon(this.#elsewhere.uri);
    }
    return this.#elsewhere;
  }
}

/** What another tool calls what it makes. */
export function foreignName(label: Label): string {
  return `foreign-${label}`;
}

export function cloneFile(folder: string, label: Label): string {
  return join(folder, `clone-${label}.qcow2`);
}

function cloneXml(label: Label, file: string): string {
  return e(
    'domain',
    { type: 'qemu' },
    e('name', {}, `clone-${label}`),
    e('memory', { unit: 'MiB' }, 4),
    e('os', {}, e('type', { arch: 'x86_64', machine: 'pc' }, 'hvm')),
    e(
      'devices',
      {},
      e(
        'disk',
        { type: 'file', device: 'disk' },
        e('driver', { name: 'qemu', type: 'qcow2' }),
        e('source', { file }),
        e('target', { dev: 'vda', bus: 'virtio' }),
      ),
    ),
  ).xml;
}

/** The guest's name of a disk by its number. */
function targetOf(disk: number): string {
  return `vd${String.fromCharCode(97 + disk)}`;
}

/** Whether a disk of a VM that runs stands on more than one file. */
function hasBacking(xml: string, target: string): boolean {
  const disk = findAll(find(readXml(xml), 'devices'), 'disk').find(
    (one) => find(one, 'target')?.attributes['dev'] === target,
  );
  return disk !== undefined && find(disk, 'backingStore', 'source') !== undefined;
}

const virshPower = {
  start: 'start',
  forceOff: 'destroy',
  pause: 'suspend',
  resume: 'resume',
  save: 'managedsave',
} as const;
