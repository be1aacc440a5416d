// The rows of THE table for VMs that are made of one: clones, forks, what is lent.
import { acting, type Command, type Option, plan, seamless, snapshotOption, vm } from './commandShape.js';

const disposable: Option = {
  type: 'boolean',
  help: 'it goes with its files when it was on and is off, unless it has snapshots of its own by then',
};

const networkOption = (help: string): Option => ({
  type: 'string',
  value: 'HOW',
  help,
  words: ['same', 'unplugged'],
});

export const cloneCommands = {
  clone: {
    summary: 'make a new VM of one: linked to it, or a full copy',
    operands: [vm],
    options: {
      plan,
      from: snapshotOption('what it begins with; else the present of a VM that is off'),
      full: { type: 'boolean', help: 'copy the disks, in place of overlays on them' },
      name: { type: 'string', value: 'NAME', help: 'the name of the new VM; else one is made of the old' },
      network: networkOption('same: the networks of the VM (the default); unplugged: all cables out'),
      disposable,
    },
    more: 'It is off, with a UUID, MAC addresses and UEFI variables of its own. See docs/clones.md.',
    examples: ['virt-rewind clone web-test --from clean', 'virt-rewind clone web-test --full --name web-copy'],
  },
  fork: {
    summary: 'let VMs go on beside one that runs, from one moment of it',
    operands: [vm],
    options: {
      count: { type: 'string', value: 'N', help: 'how many; 1 unless given' },
      from: snapshotOption('an external snapshot with RAM; else one is taken now'),
      name: { type: 'string', value: 'NAME', help: 'the name of the new VM' },
      network: networkOption(
        'unplugged: all cables out (the default); same: the networks of the VM, with the same addresses',
      ),
      seamless,
      disposable,
    },
    more: 'Each has disks of its own, and the RAM of that moment. All of them, or none. See docs/clones.md.',
    examples: ['virt-rewind fork web-test', 'virt-rewind fork web-test --count 4'],
  },
  sandbox: {
    summary: 'lend a fork or a clone of a VM: its console opens, and it goes when that is left',
    operands: [vm],
    options: {
      from: snapshotOption('what it begins with; else the present'),
      name: { type: 'string', value: 'NAME', help: 'the name of the new VM' },
      seamless,
      force: { type: 'boolean', help: 'take the console from another client' },
    },
    more: 'Of a VM that runs a fork, of one that is off a linked clone, which is started; its cables are out.',
    examples: ['virt-rewind sandbox web-test', 'virt-rewind sandbox web-test --from clean'],
  },
  discard: {
    summary: 'throw a clone away, with its files',
    operands: [vm],
    options: acting,
    more: 'Only what virt-rewind clone has made, and nothing on which another VM rests.',
    examples: ['virt-rewind discard web-test-clone --yes'],
  },
} as const satisfies Record<string, Command>;
