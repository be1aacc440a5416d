// The commands of several hosts, loaded when they are called.
import { acting, vm } from '../../../cli/commandShape.js';
import type { Option } from '../../../cli/context.js';
import type { Wing } from '../../wing.js';

const between = {
  bandwidth: {
    type: 'string',
    value: 'MB',
    help: 'that go between hosts in a second (default: 112, as by Gigabit Ethernet)',
  },
  address: {
    type: 'string',
    multiple: true,
    value: 'HOST=ADDRESS',
    help: 'of a host in the network of all, for VMs that run; its names unless given',
  },
} as const satisfies Record<string, Option>;

export const clusterCommands = {
  move: {
    heading: 'VMs',
    summary: 'move a VM to another host, with its snapshots',
    operands: [vm, { name: 'HOST', kind: 'text', needed: 'needed' }],
    options: {
      ...acting,
      address: {
        type: 'string',
        value: 'ADDRESS',
        help: 'of HOST in the network of both, for a VM that runs; its names unless given',
      },
      speed: { type: 'string', value: 'MB', help: 'send at most so many a second (default: as fast as it goes)' },
      plan: { type: 'boolean', help: 'show what would be sent, or why it cannot be, and change nothing' },
    },
    more: 'HOST is its libvirt URI. Files go to the same paths there, with all layers, snapshots inside of images, RAM, UEFI variables, TPM and saved state; files on storage that both hosts have stay. Checksums are compared before the VM is there, and the VM here is forgotten last. Its files here go to the trash beside them. What was interrupted is finished or undone by virt-rewind recover VM, or by the next move of it. A VM that runs goes on running there; HOST is asked beforehand whether it takes it. Disks that HOST does not have are sent while it runs, unless they have snapshots inside. See docs/move.md.',
    examples: ['virt-rewind move web-test qemu+ssh://root@other/system --plan'],
    act: async () => (await import('./moveCommand.js')).move,
  },
  cluster: {
    heading: 'VMs',
    summary: 'let the cluster on their host run VMs, or no longer',
    operands: [{ name: 'VM|SYSTEM', kind: 'target', needed: 'several' }],
    options: {
      ...acting,
      remove: { type: 'boolean', help: 'take VMs from the cluster again; they go on as they are' },
      'what-if': {
        type: 'string',
        value: 'NODE',
        help: 'tell what the cluster would do if NODE failed or was emptied',
        not: ['remove', 'plan'],
      },
    },
    more: 'Pacemaker must run there, with quorum and fencing, and all nodes must have the files of the VMs under the same paths; it is not installed. A VM that runs is not restarted. Members of a system are started in their order. See docs/cluster.md.',
    examples: ['virt-rewind cluster web-test --plan', 'virt-rewind cluster --what-if n2'],
    act: async () => (await import('./clusterCommand.js')).cluster,
  },
  hosts: {
    heading: 'VMs',
    summary: 'list hosts with their load and what moves would cost; propose moves',
    operands: [{ name: 'HOST', kind: 'text', needed: 'several' }],
    options: {
      propose: {
        type: 'boolean',
        help: 'propose moves that even out the load; those that cost too much are left out',
      },
      yes: { ...acting.yes, help: 'move as proposed', needs: ['propose'] },
      without: { type: 'string', value: 'HOST', help: 'tell what happens to its VMs if it fails', not: ['propose'] },
      ...between,
    },
    more: 'HOST is a libvirt URI, or a name of the settings; all of the settings unless given. See docs/placement.md.',
    examples: ['virt-rewind hosts', 'virt-rewind hosts --propose', 'virt-rewind hosts --without other'],
    act: async () => (await import('./hostsCommand.js')).hosts,
  },
  empty: {
    heading: 'VMs',
    summary: 'move all VMs of a host to other hosts',
    operands: [
      { name: 'HOST', kind: 'text', needed: 'needed' },
      { name: 'OTHER', kind: 'text', needed: 'several' },
    ],
    options: {
      plan: { type: 'boolean', help: 'show where each VM would go, or why it stays, and change nothing' },
      yes: acting.yes,
      ...between,
    },
    more: 'OTHER are the hosts that may take them; all of the settings unless given. VMs that run go on running. Ends at the first move that fails, and tells how to move back. See docs/placement.md.',
    examples: ['virt-rewind empty qemu+ssh://root@old/system qemu+ssh://root@new/system --plan'],
    act: async () => (await import('./emptyCommand.js')).empty,
  },
} as const satisfies Wing['commands'];
