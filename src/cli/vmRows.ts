// The rows of THE table: VMs, and those that are made of one.
import { cloneNetworks } from '../domain/clone.js';
import { acting, anyVm, plan, repairing, seamless, snapshotOption, under, vm, vmOrSystem } from './commandShape.js';
import type { Option } from './context.js';

const disposable: Option = {
  type: 'boolean',
  help: 'delete it with its files when it goes off after it ran, unless it has its own snapshots',
};

const networkOption = (help: string): Option => ({
  type: 'string',
  value: 'HOW',
  help,
  words: cloneNetworks,
});

export const vmRows = under('VMs', {
  list: {
    summary: 'list the VMs',
    operands: [],
    options: {},
    examples: ['virt-rewind list', 'virt-rewind list --json -c qemu:///session'],
    act: async () => (await import('./commands/list.js')).list,
  },
  start: {
    summary: 'start a VM, or the VMs of a system in their order',
    operands: [vmOrSystem],
    options: acting,
    onSystem: ['plan', 'yes', 'name'],
    more: 'Of a system: each VM starts when the VMs before it are ready. Resumes a paused VM. Does nothing if all are running. If a VM does not start, the VMs after it are left as they are and listed.',
    examples: ['virt-rewind start web-test', 'virt-rewind start shop'],
    act: async () => (await import('./commands/vmCommands.js')).start,
  },
  stop: {
    summary: 'shut down a VM or a system, and wait until it is off',
    operands: [vmOrSystem],
    options: {
      ...acting,
      save: { type: 'boolean', help: 'save the RAM and turn off, without asking the guest: a start continues there' },
      force: { type: 'boolean', help: 'like pulling the power plug', not: ['save'] },
    },
    onSystem: ['plan', 'yes', 'name'],
    more: 'Of a system: in reverse start order. Does nothing if all are off. If a VM does not shut down in time, the VMs that it depends on stay on and are listed.',
    examples: [
      'virt-rewind stop web-test',
      'virt-rewind stop web-test --save',
      'virt-rewind stop web-test --force --yes',
    ],
    act: async () => (await import('./commands/vmCommands.js')).stop,
  },
  pause: {
    summary: 'pause a VM',
    operands: [vm],
    options: { plan, name: acting.name },
    examples: ['virt-rewind pause web-test'],
    act: async () => (await import('./commands/vmCommands.js')).pause,
  },
  resume: {
    summary: 'resume a paused VM',
    operands: [vm],
    options: { plan },
    examples: ['virt-rewind resume web-test'],
    act: async () => (await import('./commands/vmCommands.js')).resume,
  },
  watch: {
    summary: 'restart VMs that crash, or revert them to their favourite snapshot, until Ctrl+C',
    operands: [{ name: 'VM', kind: 'vm', needed: 'rest' }],
    options: {
      restart: { type: 'boolean', help: 'start it again', not: ['revert'] },
      revert: { type: 'boolean', help: 'revert it to its favourite snapshot, and run it' },
      most: { type: 'string', value: 'N', help: 'at most so many times for each VM (default 3)' },
      within: { type: 'string', value: 'MINUTES', help: 'in this time (default 60)' },
    },
    more: 'Acts only on a VM that is off because it crashed, or because QEMU failed. Leaves alone a VM that somebody shut down, or that another program is working on. A VM that crashes more often stays off, which ends with exit code 10 when no VM is left to watch.',
    examples: ['virt-rewind watch web-test --restart', 'virt-rewind watch web-test db-test --revert --most 5'],
    act: async () => (await import('./commands/watch.js')).watch,
  },
  doctor: {
    summary: 'show the problems of a VM and what works with it here; repair one',
    operands: [vm],
    options: {
      repair: { type: 'string', value: 'REPAIR', kind: 'repair', help: 'do this repair, as the report names it' },
      ...repairing,
    },
    examples: ['virt-rewind doctor web-test', 'virt-rewind doctor web-test --repair forgetSnapshot:before-upgrade'],
    act: async () => (await import('./commands/doctor.js')).doctor,
  },
  health: {
    summary: 'check the chains, snapshots and space of VMs',
    operands: [anyVm],
    options: {},
    examples: ['virt-rewind health', 'virt-rewind health web-test --json'],
    act: async () => (await import('./commands/health.js')).health,
  },
  clone: {
    summary: 'create a clone of a VM: linked to it, or a full copy',
    operands: [vm],
    options: {
      plan,
      from: snapshotOption('what it begins with; else the present of a VM that is off'),
      full: { type: 'boolean', help: 'copy the disks instead of creating overlays on them' },
      name: { type: 'string', value: 'NAME', help: 'the name of the new VM (default: derived from the old name)' },
      network: networkOption('same: the networks of the VM (the default); unplugged: all cables out'),
      disposable,
    },
    more: 'The clone is off and has its own UUID, MAC addresses and UEFI variables. See docs/clones.md.',
    examples: ['virt-rewind clone web-test --from clean', 'virt-rewind clone web-test --full --name web-copy'],
    act: async () => (await import('./commands/clones.js')).clone,
  },
  fork: {
    summary: 'fork a running VM: new VMs that continue from the same moment',
    operands: [vm],
    options: {
      count: { type: 'string', value: 'N', help: 'how many (default 1)' },
      from: snapshotOption('an external snapshot with RAM; else one is taken now'),
      name: { type: 'string', value: 'NAME', help: 'the name of the new VM' },
      network: networkOption(
        'unplugged: all cables out (the default, unless it is of now in a network "user"); same: the networks of the VM, with the same addresses',
      ),
      seamless,
      disposable,
    },
    more: 'Each fork has its own disks, and the RAM of that moment. Creates all of them, or none. See docs/clones.md.',
    examples: ['virt-rewind fork web-test', 'virt-rewind fork web-test --count 4'],
    act: async () => (await import('./commands/forks.js')).fork,
  },
  sandbox: {
    summary: 'create a temporary fork or clone: its console opens, and it is deleted when the console closes',
    operands: [vm],
    options: {
      from: snapshotOption('what it begins with; else the present'),
      name: { type: 'string', value: 'NAME', help: 'the name of the new VM' },
      seamless,
      force: { type: 'boolean', help: 'take over the console from another client' },
    },
    more: 'A fork of a running VM; a linked clone of a VM that is off, which is then started. Its network cables are unplugged.',
    examples: ['virt-rewind sandbox web-test', 'virt-rewind sandbox web-test --from clean'],
    act: async () => (await import('./commands/forks.js')).sandbox,
  },
  disk: {
    summary: 'list the disks of a VM with their sizes, or grow, add or remove one',
    operands: [vm, { name: 'SIZE', kind: 'text', needed: 'optional' }],
    options: {
      ...acting,
      grow: { type: 'string', value: 'DISK', help: 'grow this disk to SIZE; its name as the guest knows it' },
      add: { type: 'string', value: 'SIZE', help: 'add an empty disk of this size' },
      remove: { type: 'string', value: 'DISK', help: 'remove this disk from a VM that is off' },
    },
    more: 'A running VM sees a new disk or size at once. Snapshots keep the size that a disk had, and a revert restores it. A disk cannot be made smaller. A revert to a snapshot from before an added disk removes it, and its file stays. The file of a removed disk stays while snapshots use it, else it is moved to a trash folder beside it.',
    examples: [
      'virt-rewind disk web-test',
      'virt-rewind disk web-test --grow vda 40G',
      'virt-rewind disk web-test --add 20G',
      'virt-rewind disk web-test --remove vdb',
    ],
    act: async () => (await import('./commands/disk.js')).disk,
  },
  discard: {
    summary: 'delete a clone and its files',
    operands: [vm],
    options: acting,
    more: 'Deletes only clones of virt-rewind, and no clone that another VM depends on.',
    examples: ['virt-rewind discard web-test-clone --yes'],
    act: async () => (await import('./commands/clones.js')).discard,
  },
  'renew-identity': {
    summary: 'create a new machine ID and new SSH host keys in a guest, with its guest agent',
    operands: [vm],
    options: {
      yes: acting.yes,
      name: acting.name,
    },
    more: 'For a clone or a fork, whose guest has those of the original VM. The old ones are lost. The guest needs a shell. Items that the guest does not have are skipped. libvirt marks the VM as tainted.',
    examples: ['virt-rewind renew-identity web-test-clone --yes'],
    act: async () => (await import('./commands/identity.js')).renew,
  },
});
