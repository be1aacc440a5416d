// What the host itself writes to: files behind loop devices, mounted devices, swap, and all devices below these. The
// kernel tells it to everybody.
import { posix } from 'node:path';
import type { FileSystem } from '../../base/fileSystem.js';
import { mapLimited } from '../../base/mapLimited.js';
import type { HostUse } from '../../domain/hostFiles.js';
import { deviceNumber } from './imageLocks.js';

type Look = Pick<FileSystem, 'names' | 'readText' | 'realpath' | 'stat'>;

const atOnce = 16;
const mostDevices = 10_000;
const mostLineBytes = 4_200;
/** A host with thousands of containers has a table of some MiB. */
const mostTableBytes = 16 * 1024 * 1024;

/**
 * Only what is open for writing: who reads changes nothing. Devices that are only set up above another, as partitions
 * of a guest's disk often are, use nothing of it before they are mounted.
 *
 * @param root of the kernel's own files
 */
export async function readHostUses(
  files: Look,
  devices: boolean,
  root = '',
): Promise<ReadonlyMap<string, HostUse> | undefined> {
  const host = new HostLook(files, root);
  const found = new Map<string, HostUse>();
  const names = await host.names('/sys/block');
  if (names === undefined) {
    return undefined;
  }
  const add = (real: string | undefined, use: HostUse): void => {
    if (real !== undefined && !found.has(real)) {
      found.set(real, use);
    }
  };
  const loops = names.filter((name) => /^loop\d+$/u.test(name));
  await mapLimited(loops, atOnce, async (name) => {
    const file = await host.line(`/sys/block/${name}/loop/backing_file`);
    if (file !== undefined && (await host.line(`/sys/block/${name}/ro`)) !== '1') {
      add(await host.realOf(file), { how: 'loop', where: `/dev/${name}` });
    }
  });
  for (const path of await host.swaps()) {
    add(await host.realOf(path), { how: 'swap', where: path });
  }
  if (devices) {
    const used = [...found].filter(([real]) => real.startsWith('device '));
    for (const { number, where } of await host.mounts()) {
      used.push([`device ${number}`, { how: 'mounted', where }]);
    }
    for (const [real, use] of used) {
      add(real, use);
      for (const below of await host.devicesBelow(Number(real.slice('device '.length)))) {
        add(`device ${below}`, use);
      }
    }
  }
  return found;
}

/** What cannot be read tells nothing. */
class HostLook {
  readonly #files: Look;
  readonly #root: string;

  constructor(files: Look, root: string) {
    this.#files = files;
    this.#root = root;
  }

  async names(folder: string): Promise<readonly string[] | undefined> {
    return this.#files.names(this.#root + folder, mostDevices).catch(() => undefined);
  }

  async line(path: string): Promise<string | undefined> {
    const text = await this.#files.readText(this.#root + path, mostLineBytes).catch(() => undefined);
    return text === undefined ? undefined : Buffer.from(text, 'latin1').toString('utf8').replace(/\n$/u, '');
  }

  /** As `factsOf` names it. */
  async realOf(path: string): Promise<string | undefined> {
    const stats = path.startsWith('/') ? await this.#files.stat(path).catch(() => undefined) : undefined;
    return stats === undefined
      ? undefined
      : stats.isBlockDevice()
        ? `device ${stats.rdev}`
        : `${stats.dev}:${stats.ino}`;
  }

  /** Paths of files and devices, see proc(5). */
  async swaps(): Promise<readonly string[]> {
    const [, ...lines] = (await this.#table('/proc/swaps')).split('\n');
    return lines.flatMap((line) => (line === '' ? [] : withoutEscapes(line.split(/\s/u)[0] ?? '')));
  }

  /** Lists the devices that are mounted for writing, see proc(5). */
  async mounts(): Promise<readonly { readonly number: number; readonly where: string }[]> {
    const lines = (await this.#table('/proc/self/mountinfo')).split('\n');
    const found: { number: number; where: string }[] = [];
    for (const line of lines) {
      const [before = '', after = ''] = line.split(' - ');
      const [, , numbers = '', , where = ''] = before.split(' ');
      const [, source = '', options = ''] = after.split(' ');
      if (!options.split(',').includes('rw')) {
        continue;
      }
      // Some file systems have a number of their own in place of the device's.
      const number = numbers.startsWith('0:') ? await this.#numberOf(withoutEscapes(source)) : numberIn(numbers);
      if (number !== undefined) {
        found.push({ number, where: withoutEscapes(where) });
      }
    }
    return found;
  }

  /** What a partition or a mapped device is a part of, over any number of layers. */
  async devicesBelow(number: number, seen = new Set<number>()): Promise<ReadonlySet<number>> {
    const [major, minor] = [(number >>> 8) & 0xfff, (number & 0xff) | ((number >>> 12) & 0xfff00)];
    const place = await this.#files
      .realpath(`${this.#root}/sys/dev/block/${major}:${minor}`)
      .then((path) => path.slice(this.#root.length))
      .catch(() => undefined);
    if (place !== undefined) {
      const isPart = (await this.line(`${place}/partition`)) !== undefined;
      const slaves = (await this.names(`${place}/slaves`)) ?? [];
      const below = [
        ...(isPart ? [`${posix.dirname(place)}/dev`] : []),
        ...slaves.map((name) => `${place}/slaves/${name}/dev`),
      ];
      for (const path of below) {
        const found = numberIn((await this.line(path)) ?? '');
        if (found !== undefined && !seen.has(found)) {
          seen.add(found);
          await this.devicesBelow(found, seen);
        }
      }
    }
    return seen;
  }

  async #numberOf(path: string): Promise<number | undefined> {
    const real = path.startsWith('/dev/') ? await this.realOf(path) : undefined;
    return real?.startsWith('device ') === true ? Number(real.slice('device '.length)) : undefined;
  }

  async #table(path: string): Promise<string> {
    const text = await this.#files.readText(this.#root + path, mostTableBytes).catch(() => '');
    return Buffer.from(text, 'latin1').toString('utf8');
  }
}

function numberIn(numbers: string): number | undefined {
  const [, major, minor] = /^(\d+):(\d+)$/u.exec(numbers) ?? [];
  return major === undefined ? undefined : deviceNumber(Number(major), Number(minor));
}

function withoutEscapes(path: string): string {
  return path.replace(/\\([0-7]{3})/gu, (_, octal: string) => String.fromCharCode(parseInt(octal, 8)));
}
