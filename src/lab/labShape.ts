// The shape of a lab file, and what each of its keys is for: labFile.schema.json is made of it for other tools.
import { cloneNetworks } from '../domain/clone.js';
import * as v from 'valibot';
import { key, map, maybe, noList } from './shapeParts.js';

const mostSeconds = 86_400;
export const usualSeconds = 120;

const name = v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,39}$/u));
const path = v.pipe(v.string(), v.minLength(1), v.maxLength(1000));
const vmName = v.pipe(v.string(), v.minLength(1), v.maxLength(200));
const text = v.pipe(v.string(), v.maxLength(65_536));
const seconds = maybe(
  `Time limit in seconds (default ${usualSeconds})`,
  v.pipe(v.number(), v.minValue(0), v.maxValue(mostSeconds)),
);
const sizePattern = /^([1-9][0-9]{0,6}) ?(MiB|GiB)$/u;
/** In MiB. */
const size = v.pipe(
  v.string(),
  v.regex(sizePattern),
  v.transform((given) => {
    const [, count = '', unit] = sizePattern.exec(given) ?? [];
    return Number(count) * (unit === 'GiB' ? 1024 : 1);
  }),
);
const port = v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535));
const command = v.pipe(v.array(v.pipe(v.string(), v.maxLength(16_384))), v.minLength(1), v.maxLength(100));

const wait = v.pipe(
  map({
    agent: maybe('true: its guest agent answers', v.literal(true)),
    port: maybe('A TCP port responds, at the address of the VM unless host names another', port),
    host: maybe('Host of the port', v.pipe(v.string(), v.regex(/^[A-Za-z0-9.:_-]{1,253}$/u))),
    command: maybe(
      'A program in the guest with its arguments, as a list; the guest agent runs it without a shell',
      command,
    ),
    seconds,
  }),
  v.minEntries(1),
);

const program = map({
  vm: key('Its name in this file', v.string()),
  command: maybe('A program in the guest with its arguments, as a list; arguments are passed unchanged', command),
  script: maybe(
    'A script for the sh of the guest; it stops at the first command that fails',
    v.pipe(text, v.minLength(1)),
  ),
  packages: maybe(
    'Packages that the package manager of the guest installs (apt, dnf or apk), as a list',
    v.pipe(
      v.array(v.pipe(v.string(), v.regex(/^[A-Za-z0-9@][A-Za-z0-9@._+:~=/-]{0,127}$/u))),
      v.minLength(1),
      v.maxLength(200),
    ),
  ),
  copy: maybe('A file that is copied into the guest, as a path relative to this file; to is its place there', path),
  to: maybe('The path in the guest of the file that is copied', v.pipe(path, v.regex(/^\/[^\p{Cc}]*[^\p{Cc}/]$/u))),
  // No option, no other host, nothing that a shell would read.
  ssh: maybe(
    'Run it over ssh as this user of the guest, instead of with the guest agent; your own ssh chooses the key (~/.ssh/config, its agent)',
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/u)),
  ),
  port: maybe('Port of the ssh server in the guest (default 22)', port),
  seconds,
});

const limit = v.pipe(v.number(), v.minValue(0), v.maxValue(1_000_000));
const thresholds = map({
  layers: maybe('Deltas of one disk', limit),
  ageHours: maybe('Age of the oldest delta of a disk, in hours', limit),
  deltaGb: maybe('Gigabytes of one delta', limit),
  deltaPercent: maybe('Size of one delta, in percent of the base', limit),
  allDeltasGb: maybe('Gigabytes of all deltas of a VM', limit),
  freePercent: maybe('Percent free, of the file system or pool', limit),
  fullInDays: maybe('Days until the file system or pool is full', limit),
});

const clone = map({
  of: key('The name of that VM', vmName),
  point: key('The title or the name of the snapshot to clone', vmName),
  full: maybe('true: a full copy of its disks instead of overlays', v.boolean()),
  network: maybe(
    'unplugged (default): no network; same: the networks of that VM, with its own addresses',
    v.picklist(cloneNetworks),
  ),
});

const boot = map({
  kernel: key('Its file, as a path relative to this file', path),
  initrd: maybe('Its initial file system, as a path relative to this file', path),
  arguments: maybe('The command line of the kernel', v.pipe(v.string(), v.maxLength(2000))),
});

const cloudInit = map({
  userData: key('The text of user-data, which starts with #cloud-config or #!', text),
  networkConfig: maybe('The text of network-config', text),
});

const vm = map({
  existing: maybe('The name of an existing VM: only its snapshots are changed, and it is never deleted', vmName),
  clone: maybe('The VM is a clone of a snapshot of an existing VM, which does not change', clone),
  image: maybe(
    'The disk image of the VM, qcow2 or raw, as a path relative to this file, or the name of a cloud image that was fetched; the VM gets an overlay on it',
    path,
  ),
  copy: maybe(
    'true: the VM gets a full copy of the image. This takes time and space. After that, the image may be changed or deleted',
    v.boolean(),
  ),
  boot: maybe('A kernel to boot directly, instead of from the disk', boot),
  firmware: maybe('uefi: UEFI instead of BIOS, with secure boot off', v.literal('uefi')),
  cpus: maybe('Number of processors (default 1)', v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(64))),
  memory: maybe('Size of the RAM, for example 512 MiB or 2 GiB (default 1 GiB)', size),
  size: maybe('Size of the disk, for example 20 GiB (default: the size of the image)', size),
  disks: maybe('The sizes of additional empty disks, as a list: [10 GiB]', v.pipe(v.array(size), v.maxLength(8))),
  network: maybe(
    'none (default), user (outgoing connections only, by QEMU), or the name of a libvirt network',
    v.pipe(v.string(), v.regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,49}$/u)),
  ),
  cloudInit: maybe('Data for cloud-init at the first start, on a small CD-ROM (NoCloud)', cloudInit),
  after: maybe(
    'The VMs that must be ready before this one starts, as a list of their names in this file',
    v.pipe(v.array(v.string()), v.maxLength(31)),
  ),
  speed: maybe(
    'How slow its disks or its network are once it runs, after the lab was created or reset, until it is off',
    v.picklist(['hard-disk', 'memory-card', 'phone']),
  ),
  wait: maybe('When the VM is ready: one of agent, port and command, or only seconds', wait),
});

const point = map({
  title: key('Its title, which also names it in a reset', v.pipe(v.string(), v.minLength(1), v.maxLength(100))),
  until: maybe(
    'How long it is kept after it is created; then it is deleted: friday, 2026-12-24, "2026-12-24 18:00", 12h, 3d, 2w',
    v.pipe(v.string(), v.minLength(1), v.maxLength(40)),
  ),
  run: maybe(
    'What is done in the guests before it is created, one after the other: programs, scripts, packages, files; each must exit with code 0. Runs again only if it or something before it changes',
    v.pipe(v.array(program), v.maxLength(50)),
  ),
});

const network = map({
  allow: key(
    'The servers that they reach by a proxy, each as HOST:PORT, as a list; nothing else is reached',
    v.pipe(v.array(v.pipe(v.string(), v.maxLength(300))), v.minLength(1), v.maxLength(100)),
  ),
  log: maybe('true: the history of each VM tells what was refused', v.boolean()),
});

export const labShape = map({
  version: key('Of this format: 1', v.literal(1)),
  name: key('Name of the lab and of its system of VMs: at most 40 letters, digits, - and _', name),
  connection: maybe(
    'The libvirt: qemu:///system or qemu:///session (default: the first one of the command line or the editor)',
    v.picklist(['qemu:///system', 'qemu:///session']),
  ),
  protected: maybe('true: you must type the name of the lab to reset or destroy it', v.boolean()),
  network: maybe('A network of their own for the created VMs, which leads to a proxy alone', network),
  thresholds: maybe('Health limits of these VMs, instead of the settings; 0 turns a limit off', thresholds),
  vms: key(
    'The VMs, by their names in the lab; a created VM is named LAB-NAME',
    v.pipe(noList, v.record(name, vm), v.minEntries(1), v.maxEntries(32)),
  ),
  points: maybe(
    'The restore points, created in this order with the lab; a reset goes to the first by default',
    v.pipe(v.array(point), v.maxLength(20)),
  ),
});

export type WrittenLab = v.InferOutput<typeof labShape>;
export type WrittenVm = v.InferOutput<typeof vm>;
export type WrittenProgram = v.InferOutput<typeof program>;
