// The rows of THE table: Snapshots: taken, shown, kept, deleted.
import { deleteScopes } from '../domain/operation.js';
import { snapshotKinds, snapshotStyles } from '../domain/snapshot.js';
import { acting, plan, pruneRule, seamless, snapshot, under, until, vm, vmOrSystem } from './commandShape.js';

export const snapshotRows = under('Snapshots', {
  tree: {
    summary: 'show the snapshots of a VM',
    operands: [vm],
    options: {},
    examples: ['virt-rewind tree web-test'],
    act: async () => (await import('./commands/tree.js')).tree,
  },
  checkpoint: {
    summary: 'create a snapshot of the best kind; of a system, a restore point',
    operands: [vmOrSystem, { name: 'TITLE', kind: 'text', needed: 'optional' }],
    options: {
      plan,
      kind: { type: 'string', value: 'KIND', help: 'memory, disk or offline', words: snapshotKinds },
      style: { type: 'string', value: 'STYLE', help: 'internal or external', words: snapshotStyles },
      quiesce: { type: 'boolean', help: 'freeze the file systems first, with the guest agent' },
      live: { type: 'boolean', help: 'external, with memory: the VM keeps running while its RAM is written' },
      seamless,
      without: { type: 'string', value: 'DISKS', help: 'exclude these disks, for example vdb or vdb,vdc' },
      description: { type: 'string', short: 'd', value: 'TEXT', help: 'a description' },
      until,
      name: acting.name,
    },
    onSystem: ['plan', 'description', 'until', 'name'],
    more: 'All running VMs of a system pause at one moment, each until it is saved. All of them, or none.',
    examples: [
      "virt-rewind checkpoint web-test 'before the upgrade'",
      'virt-rewind checkpoint web-test --until friday',
      "virt-rewind checkpoint shop 'before the demo'",
    ],
    act: async () => (await import('./commands/vmCommands.js')).checkpoint,
  },
  delete: {
    summary: 'delete a snapshot, or a restore point; children keep their data',
    operands: [vmOrSystem, snapshot],
    options: {
      ...acting,
      scope: {
        type: 'string',
        value: 'SCOPE',
        help: 'one, withDescendants or descendants',
        words: deleteScopes,
      },
      trash: { type: 'boolean', help: 'move it to the trash instead; `undo` restores it' },
    },
    onSystem: ['plan', 'yes', 'name'],
    examples: [
      'virt-rewind delete web-test before-upgrade',
      'virt-rewind delete web-test old --plan',
      'virt-rewind delete web-test old --trash',
    ],
    act: async () => (await import('./commands/vmCommands.js')).deleteSnapshot,
  },
  keep: {
    summary: 'keep a snapshot from being deleted by a rule',
    operands: [vm, snapshot],
    options: {
      clear: { type: 'boolean', help: 'no longer: clear that mark, and that of the favourite' },
      until: { ...until, not: ['clear'] },
    },
    examples: ['virt-rewind keep web-test clean', 'virt-rewind keep web-test clean --until 2w'],
    act: async () => (await import('./commands/vmCommands.js')).keep,
  },
  prune: {
    summary: 'delete old snapshots of a VM by a rule',
    operands: [vm],
    options: { ...acting, ...pruneRule },
    more: 'With both options, deletes only snapshots that match both. The current one and kept ones stay, and it says why.',
    examples: ['virt-rewind prune web-test --keep-last 5 --plan', 'virt-rewind prune web-test --older-than 2w --yes'],
    act: async () => (await import('./commands/vmCommands.js')).prune,
  },
  consolidate: {
    summary: 'merge the layers below the current state of a VM',
    operands: [vm],
    options: { ...acting, disk: { type: 'string', value: 'DISK', help: 'only this disk, for example vdb' } },
    more: 'Deletes the snapshots that own the layers; kept ones stay.',
    examples: ['virt-rewind consolidate web-test --plan'],
    act: async () => (await import('./commands/vmCommands.js')).consolidate,
  },
});
