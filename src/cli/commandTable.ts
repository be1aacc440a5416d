// THE table: every command with its operands and options; wings hand in theirs at the door. Help, completion and the
// reading of arguments come out of it.
// What it says is English, as the documents are; what a command says of VMs is in the reader's language.

import { vmWaits } from '../domain/wait.js';
import { statesAfterRevert, deleteScopes } from '../domain/operation.js';
import { snapshotKinds, snapshotStyles } from '../domain/snapshot.js';
import { bisectRow } from './bisectRow.js';
import { cloneCommands } from './cloneCommandTable.js';
import {
  acting,
  anyVm,
  type Command,
  commonOptions,
  entry,
  type Option,
  plan,
  port,
  repairing,
  seamless,
  seconds,
  snapshot,
  vm,
  vmOrSystem,
} from './commandShape.js';
import { labCommands } from './labCommandTable.js';
import { systemCommands } from './systemCommandTable.js';

export const ownCommands = {
  list: {
    summary: 'list the VMs',
    operands: [],
    options: {},
    examples: ['virt-rewind list', 'virt-rewind list --json -c qemu:///session'],
  },
  tree: {
    summary: 'show the snapshots of a VM',
    operands: [vm],
    options: {},
    examples: ['virt-rewind tree web-test'],
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
      name: acting.name,
    },
    onSystem: ['plan', 'description', 'name'],
    more: 'All running VMs of a system pause together until all are saved. All of them, or none.',
    examples: ["virt-rewind checkpoint web-test 'before the upgrade'", "virt-rewind checkpoint shop 'before the demo'"],
  },
  revert: {
    summary: 'revert to a snapshot; saves the current state as a checkpoint first',
    operands: [vmOrSystem, snapshot],
    options: {
      ...acting,
      after: {
        type: 'string',
        value: 'STATE',
        help: 'the state of the VM afterwards',
        words: statesAfterRevert,
      },
      'no-checkpoint': { type: 'boolean', help: 'do not save the current state first' },
      seamless,
    },
    onSystem: ['plan', 'yes', 'name'],
    more: 'All VMs of a system, or none: if one fails, the others return to their previous state.',
    examples: ['virt-rewind revert web-test clean', 'virt-rewind revert web-test clean --yes --no-checkpoint'],
  },
  undo: {
    summary: 'undo the last operation, or any other that no later one depends on',
    operands: [vmOrSystem, entry],
    options: {
      ...acting,
      'no-checkpoint': { type: 'boolean', help: 'for a revert: do not save the current state first' },
    },
    onSystem: ['plan', 'yes', 'name'],
    more: 'Of a system: undoes the last revert. Skips power operations and clones. ENTRY is the id that history shows. See docs/undo.md.',
    examples: ['virt-rewind undo web-test', 'virt-rewind undo web-test 1f0c22ab --plan'],
  },
  redo: {
    summary: 'redo the last undone operation, or ENTRY',
    operands: [vm, entry],
    options: {
      ...acting,
      'no-checkpoint': { type: 'boolean', help: 'for a revert: do not save the current state first' },
    },
    examples: ['virt-rewind redo web-test'],
  },
  'restore-state': {
    summary: 'undo an operation and all later ones, the last one first',
    operands: [vm, { ...entry, needed: 'needed' }],
    options: acting,
    more: 'Plans all of them first: if one cannot be undone, nothing is changed. Stops at the first one that fails.',
    examples: ['virt-rewind restore-state web-test 1f0c22ab --plan'],
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
  },
  keep: {
    summary: 'keep a snapshot from being deleted by a rule',
    operands: [vm, snapshot],
    options: { clear: { type: 'boolean', help: 'no longer: clear that mark, and that of the favourite' } },
    examples: ['virt-rewind keep web-test clean'],
  },
  ...cloneCommands,
  'renew-identity': {
    summary: 'create a new machine ID and new SSH host keys in a guest, with its guest agent',
    operands: [vm],
    options: {
      yes: acting.yes,
      name: acting.name,
    },
    more: 'For a clone or a fork, whose guest has those of the original VM. The old ones are lost. The guest needs a shell. Items that the guest does not have are skipped. libvirt marks the VM as tainted.',
    examples: ['virt-rewind renew-identity web-test-clone --yes'],
  },
  start: {
    summary: 'start a VM, or the VMs of a system in their order',
    operands: [vmOrSystem],
    options: acting,
    onSystem: ['plan', 'yes', 'name'],
    more: 'Of a system: each VM starts when the VMs before it are ready. Resumes a paused VM. Does nothing if all are running. If a VM does not start, the VMs after it are left as they are and listed.',
    examples: ['virt-rewind start web-test', 'virt-rewind start shop'],
  },
  stop: {
    summary: 'shut down a VM or a system, and wait until it is off',
    operands: [vmOrSystem],
    options: { ...acting, force: { type: 'boolean', help: 'like pulling the power plug' } },
    onSystem: ['plan', 'yes', 'name'],
    more: 'Of a system: in reverse start order. Does nothing if all are off. If a VM does not shut down in time, the VMs that it depends on stay on and are listed.',
    examples: ['virt-rewind stop web-test', 'virt-rewind stop web-test --force --yes'],
  },
  pause: {
    summary: 'pause a VM',
    operands: [vm],
    options: { plan, name: acting.name },
    examples: ['virt-rewind pause web-test'],
  },
  resume: {
    summary: 'resume a paused VM',
    operands: [vm],
    options: { plan },
    examples: ['virt-rewind resume web-test'],
  },
  consolidate: {
    summary: 'merge the layers below the current state of a VM',
    operands: [vm],
    options: { ...acting, disk: { type: 'string', value: 'DISK', help: 'only this disk, for example vdb' } },
    more: 'Deletes the snapshots that own the layers; kept ones stay.',
    examples: ['virt-rewind consolidate web-test --plan'],
  },
  wait: {
    summary: 'wait for a VM',
    operands: [vm],
    options: {
      for: {
        type: 'string',
        value: 'WHAT',
        help: 'off, running or agent (the default)',
        words: vmWaits,
      },
      port,
      seconds: { ...seconds, help: 'give up after N seconds (default 120)' },
    },
    examples: ['virt-rewind wait web-test', 'virt-rewind wait web-test --port 22 --seconds 60'],
  },
  run: {
    summary: 'run a program in a guest, with its guest agent',
    operands: [vm, { name: 'PROGRAM ARGUMENT', kind: 'program', needed: 'rest' }],
    options: {
      input: { type: 'boolean', help: 'pass the standard input to it, up to 64 KiB' },
      seconds: { ...seconds, help: 'give up after N seconds (default 60); the program continues' },
    },
    more: 'Does not use a shell: name one for a pipe. The exit code is that of the program. Shows the first MiB of its output when it has ended. libvirt marks the VM as tainted.',
    examples: [
      'virt-rewind run web-test -- systemctl is-active nginx',
      "virt-rewind run web-test -- sh -c 'df -h | tail -1'",
    ],
  },
  copy: {
    summary: 'copy a file into a guest or out of it, with its guest agent',
    operands: [
      { name: 'FROM', kind: 'place', needed: 'needed' },
      { name: 'TO', kind: 'place', needed: 'needed' },
    ],
    options: { force: { type: 'boolean', short: 'f', help: 'replace an existing file' } },
    more: 'One of them is VM:/PATH. A folder means a file of the same name in it. The file appears when it is complete. As with run, libvirt marks the VM as tainted.',
    examples: ['virt-rewind copy setup.sh web-test:/root/', 'virt-rewind copy web-test:/var/log/messages .'],
  },
  bisect: bisectRow,
  console: {
    summary: 'open the serial console of a VM; Ctrl+] leaves it',
    operands: [vm],
    options: { force: { type: 'boolean', help: 'take it over from another client' } },
    examples: ['virt-rewind console web-test'],
  },
  ...systemCommands,
  ...labCommands,
  doctor: {
    summary: 'show the problems of a VM and what works with it here; repair one',
    operands: [vm],
    options: {
      repair: { type: 'string', value: 'REPAIR', kind: 'repair', help: 'do this repair, as the report names it' },
      ...repairing,
    },
    examples: ['virt-rewind doctor web-test', 'virt-rewind doctor web-test --repair forgetSnapshot:before-upgrade'],
  },
  recover: {
    summary: 'finish or undo an interrupted operation on a VM; or leave the VM as it is',
    operands: [vm],
    options: {
      ...acting,
      plan: { ...plan, not: ['dismiss'] },
      dismiss: { type: 'boolean', help: 'change nothing: mark it as resolved' },
    },
    examples: ['virt-rewind recover web-test --plan', 'virt-rewind recover web-test --dismiss'],
  },
  health: {
    summary: 'check the chains, snapshots and space of VMs',
    operands: [anyVm],
    options: {},
    examples: ['virt-rewind health', 'virt-rewind health web-test --json'],
  },
  history: {
    summary: 'show who did what to which VM',
    operands: [anyVm],
    options: {},
    more: 'Covers all editors and command lines of this user. With --verbose, also shows the equivalent virsh commands.',
    examples: ['virt-rewind history'],
  },
  mcp: {
    summary: 'run a server of the Model Context Protocol for an agent, on standard input and output',
    operands: [],
    options: {},
    more: 'Its tools list, describe, checkpoint and revert VMs, run programs in guests, and show consoles and displays. The setting virtRewind.agents.permissions of the editor controls what an agent may do with which VM. By default it may only look. See docs/agents.md.',
    examples: ['virt-rewind mcp'],
  },
  hook: {
    summary: "called by an agent's hook: creates checkpoints of VMs before each shell command of the agent",
    operands: [
      { name: 'pre-tool', kind: 'text', needed: 'needed' },
      { name: 'VM', kind: 'vm', needed: 'several' },
    ],
    options: {
      'go-on': { type: 'boolean', help: 'run the command even if no checkpoint could be created' },
    },
    more: 'Reads the hook input of Claude Code, VS Code or GitHub Copilot before a tool runs. Without a VM: creates checkpoints of all VMs that agents may checkpoint. A VM that has not changed since its last checkpoint gets no new one; a running VM has always changed. If a checkpoint fails, ends with exit code 2, which stops the command. See docs/agents.md.',
    examples: ['virt-rewind hook pre-tool web-test'],
  },
  completion: {
    summary: 'print the completion script for bash, zsh or fish',
    operands: [{ name: 'SHELL', kind: 'shell', needed: 'needed' }],
    options: {},
    examples: [
      'source <(virt-rewind completion bash)',
      'virt-rewind completion fish > ~/.config/fish/completions/virt-rewind.fish',
    ],
  },
} as const satisfies Record<string, Command>;

export type OwnCommandName = keyof typeof ownCommands;

/** All commands, with those of the wings. */
export type CommandTable = Readonly<Record<string, Command>>;

/** Words that only begin a command. */
export const commandGroups: readonly string[] = ['system', 'lab'];

/** Commands that systems have, too: `system start shop` is `start shop`, and finds no VM. */
export function commandsOnSystems(commands: CommandTable): readonly string[] {
  return Object.keys(commands).filter((name) => commands[name]?.onSystem !== undefined);
}

export function optionsOf({ options }: Command): Readonly<Record<string, Option>> {
  return { ...options, ...commonOptions };
}
