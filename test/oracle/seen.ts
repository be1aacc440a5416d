// What libvirt says of a VM and its snapshots, asked through virsh: another client than ours, and no code of ours.
import { type Image } from './images.js';
import { find, findAll, readXml, type XmlElement } from './xml.js';

/** One connection's virsh; never rejects. */
export type Virsh = (
  args: readonly string[],
) => Promise<{ readonly stdout: string; readonly stderr: string; readonly code: number }>;

export type Power = 'running' | 'paused' | 'off';
export type SnapshotKind = 'memory' | 'disk' | 'offline';
export type SnapshotStyle = 'internal' | 'external';

export interface SeenSnapshot {
  readonly name: string;
  /** The `Title:` trailer of its description, else its name. */
  readonly title: string;
  readonly parent: string | undefined;
  readonly kind: SnapshotKind;
  readonly style: SnapshotStyle;
  /** Whether the guest ran when it was taken; `off` for what has no RAM and was taken of a VM that was off. */
  readonly state: string;
  /** By target, where the disk's content of that moment is to be read. */
  readonly disks: ReadonlyMap<string, Image>;
  /** The file with the RAM, of an external memory snapshot. */
  readonly memoryFile: string | undefined;
}

export interface SeenVm {
  /** As `virsh domstate` says it, where it is none of the three. */
  readonly power: string;
  /** By target: what the VM uses, or will use when it starts. */
  readonly disks: ReadonlyMap<string, Image>;
  readonly snapshots: readonly SeenSnapshot[];
  readonly current: string | undefined;
}

const separator = '=====';

/** Two virsh for any number of snapshots: the first tells their names. */
export async function seeVm(virsh: Virsh, name: string): Promise<SeenVm> {
  const [state = '', xml = '', list = ''] = await batch(virsh, [
    `domstate ${name}`,
    `dumpxml ${name}`,
    `snapshot-list ${name} --name`,
  ]);
  const names = list.split('\n').filter((line) => line !== '');
  const documents =
    names.length === 0
      ? []
      : await batch(
          virsh,
          names.map((one) => `snapshot-dumpxml ${name} ${one}`),
        );
  const snapshots = documents.map(parseSnapshot);
  return {
    power: { running: 'running', paused: 'paused', 'shut off': 'off' }[state] ?? state,
    disks: await withPaths(virsh, disksOf(readXml(xml))),
    snapshots: await Promise.all(snapshots.map(async (one) => ({ ...one, disks: await withPaths(virsh, one.disks) }))),
    current: await currentOf(virsh, name, names),
  };
}

/** Volumes of pools by the paths that libvirt tells of them. */
async function withPaths(virsh: Virsh, disks: ReadonlyMap<string, Image>): Promise<ReadonlyMap<string, Image>> {
  const found = new Map<string, Image>();
  for (const [target, image] of disks) {
    const [, pool = '', volume = ''] = /^volume ([^/]*)\/(.*)$/u.exec(image.file) ?? [];
    const [path = ''] = volume === '' ? [image.file] : await batch(virsh, [`vol-path ${volume} --pool ${pool}`]);
    found.set(target, { ...image, file: path });
  }
  return found;
}

async function currentOf(virsh: Virsh, name: string, names: readonly string[]): Promise<string | undefined> {
  const { stdout, code, stderr } = await virsh(['snapshot-current', name, '--name']);
  if (code === 0) {
    return stdout.trim();
  }
  if (names.length > 0 && !stderr.includes('no current snapshot')) {
    throw new Error(`virsh snapshot-current: ${stderr.trim()}`);
  }
  return undefined;
}

/** Several commands in one process; their names and arguments are safe to stand in one string. */
async function batch(virsh: Virsh, commands: readonly string[]): Promise<readonly string[]> {
  const { stdout, stderr, code } = await virsh([commands.join(`; echo ${separator}; `)]);
  if (code !== 0) {
    throw new Error(`virsh ${commands.join('; ')}: ${stderr.trim()}`);
  }
  return stdout.split(separator).map((part) => part.trim());
}

function parseSnapshot(xml: string): SeenSnapshot {
  const top = readXml(xml);
  const text = (...path: readonly string[]): string => find(top, ...path)?.text.trim() ?? '';
  const memory = find(top, 'memory');
  const entries = findAll(find(top, 'disks'), 'disk');
  const name = text('name');
  const state = text('state');
  const hasRam = memory?.attributes['snapshot'] === 'internal' || memory?.attributes['snapshot'] === 'external';
  const external =
    memory?.attributes['snapshot'] === 'external' || entries.some((d) => d.attributes['snapshot'] === 'external');
  // With RAM, `domain` is the VM as it ran; `inactiveDomain` would be as it was configured.
  const disks = disksOf(find(top, 'domain')!);
  const inside = new Set(
    entries.filter((d) => d.attributes['snapshot'] === 'internal').map((d) => d.attributes['name'] ?? ''),
  );
  return {
    name,
    title: titleIn(text('description')) ?? name,
    parent: find(top, 'parent', 'name')?.text.trim(),
    kind: hasRam ? 'memory' : state === 'shutoff' ? 'offline' : 'disk',
    style: external ? 'external' : 'internal',
    state: state === 'shutoff' ? 'off' : state,
    disks: new Map([...disks].map(([target, image]) => [target, inside.has(target) ? { ...image, tag: name } : image])),
    memoryFile: memory?.attributes['file'],
  };
}

/** Trailers are the last lines of a description, behind a line of two hyphens. */
function titleIn(description: string): string | undefined {
  const lines = description.split('\n');
  const trailers = lines.slice(lines.lastIndexOf('--') + 1);
  return lines.includes('--') ? /^Title: (?<title>.*)$/mu.exec(trailers.join('\n'))?.groups?.['title'] : undefined;
}

function pathIn({ file, dev, pool, volume }: Readonly<Record<string, string>>): string {
  return file ?? dev ?? (pool === undefined || volume === undefined ? '' : `volume ${pool}/${volume}`);
}

function disksOf(domain: XmlElement): ReadonlyMap<string, Image> {
  return new Map(
    findAll(find(domain, 'devices'), 'disk')
      .filter((disk) => disk.attributes['device'] === 'disk')
      .map((disk) => [
        find(disk, 'target')?.attributes['dev'] ?? '',
        {
          file: pathIn(find(disk, 'source')?.attributes ?? {}),
          format: find(disk, 'driver')?.attributes['type'] ?? 'raw',
        },
      ]),
  );
}
