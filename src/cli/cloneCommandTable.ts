// The rows of THE table for VMs that are made of one: clones, forks, what is lent.
import { cloneNetworks } from '../domain/clone.js';
import { acting, type Command, type Option, plan, seamless, snapshotOption, vm } from './commandShape.js';

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

export const cloneCommands = {
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
  },
  fork: {
    summary: 'fork a running VM: new VMs that continue from the same moment',
    operands: [vm],
    options: {
      count: { type: 'string', value: 'N', help: 'how many (default 1)' },
      from: snapshotOption('an external snapshot with RAM; else one is taken now'),
      name: { type: 'string', value: 'NAME', help: 'the name of the new VM' },
      network: networkOption(
        'unplugged: all cables out (the default); same: the networks of the VM, with the same addresses',
      ),
      seamless,
      disposable,
    },
    more: 'Each fork has its own disks, and the RAM of that moment. Creates all of them, or none. See docs/clones.md.',
    examples: ['virt-rewind fork web-test', 'virt-rewind fork web-test --count 4'],
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
  },
  discard: {
    summary: 'delete a clone and its files',
    operands: [vm],
    options: acting,
    more: 'Deletes only clones of virt-rewind, and no clone that another VM depends on.',
    examples: ['virt-rewind discard web-test-clone --yes'],
  },
} as const satisfies Record<string, Command>;
