// THE table: every command with its operands and options. Help, completion and the reading of arguments come out of it. What it
// says is English, as the documents are; what a command says of VMs is in the reader's language.

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
  seamless,
  seconds,
  snapshot,
  vm,
} from './commandShape.js';
import { labCommands } from './labCommandTable.js';
import { systemCommands } from './systemCommandTable.js';

const commands = {
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
    summary: 'take a snapshot, of the best kind for what the VM does',
    operands: [vm, { name: 'TITLE', kind: 'text', needed: 'optional' }],
    options: {
      plan,
      kind: { type: 'string', value: 'KIND', help: 'memory, disk or offline', words: ['memory', 'disk', 'offline'] },
      style: { type: 'string', value: 'STYLE', help: 'internal or external', words: ['internal', 'external'] },
      quiesce: { type: 'boolean', help: 'the guest agent freezes the file systems first' },
      live: { type: 'boolean', help: 'external, with memory: the guest runs on while its RAM is written' },
      seamless,
      without: { type: 'string', value: 'DISKS', help: 'leave these disks out, for example vdb or vdb,vdc' },
      description: { type: 'string', short: 'd', value: 'TEXT', help: 'a description' },
      name: acting.name,
    },
    examples: ['virt-rewind checkpoint web-test', "virt-rewind checkpoint web-test 'before the upgrade'"],
  },
  revert: {
    summary: 'go back to a snapshot; what is now is kept as a checkpoint first',
    operands: [vm, snapshot],
    options: {
      ...acting,
      after: {
        type: 'string',
        value: 'STATE',
        help: 'the state of the VM afterwards',
        words: ['asSnapshot', 'asBefore', 'running', 'paused', 'off'],
      },
      'no-checkpoint': { type: 'boolean', help: 'do not keep what is now' },
      seamless,
    },
    examples: ['virt-rewind revert web-test clean', 'virt-rewind revert web-test clean --yes --no-checkpoint'],
  },
  undo: {
    summary: 'undo the last operation, or any other that nothing later rests on',
    operands: [vm, entry],
    options: { ...acting, 'no-checkpoint': { type: 'boolean', help: 'of a revert: do not keep what is now' } },
    more: 'Starting, stopping and clones are passed over. ENTRY is the id that history shows. See docs/undo.md.',
    examples: ['virt-rewind undo web-test', 'virt-rewind undo web-test 1f0c22ab --plan'],
  },
  redo: {
    summary: 'do again what was undone last, or what ENTRY did',
    operands: [vm, entry],
    options: { ...acting, 'no-checkpoint': { type: 'boolean', help: 'of a revert: do not keep what is now' } },
    examples: ['virt-rewind redo web-test'],
  },
  'restore-state': {
    summary: 'undo an operation and all after it, the last one first',
    operands: [vm, { ...entry, needed: 'needed' }],
    options: acting,
    more: 'It is planned as a whole before: where one cannot be undone, nothing is done. It stops at the first that refuses by then.',
    examples: ['virt-rewind restore-state web-test 1f0c22ab --plan'],
  },
  delete: {
    summary: 'delete a snapshot; its children keep their data',
    operands: [vm, snapshot],
    options: {
      ...acting,
      scope: {
        type: 'string',
        value: 'SCOPE',
        help: 'one, withDescendants or descendants',
        words: ['one', 'withDescendants', 'descendants'],
      },
      trash: { type: 'boolean', help: 'move it to the trash instead; `undo` takes it out again' },
    },
    examples: [
      'virt-rewind delete web-test before-upgrade',
      'virt-rewind delete web-test old --plan',
      'virt-rewind delete web-test old --trash',
    ],
  },
  ...cloneCommands,
  'renew-identity': {
    summary: 'give a guest a machine ID and SSH host keys of its own, by its guest agent',
    operands: [vm],
    options: {
      yes: acting.yes,
      name: acting.name,
    },
    more: 'For a clone or a fork, whose guest holds those of the VM that it was made of. The old ones are lost. The guest needs a shell; what it has none of is left out. libvirt notes that the VM was asked so ("tainted").',
    examples: ['virt-rewind renew-identity web-test-clone --yes'],
  },
  start: {
    summary: 'start a VM',
    operands: [vm],
    options: { plan },
    examples: ['virt-rewind start web-test'],
  },
  stop: {
    summary: 'shut a VM down, and wait until it is off',
    operands: [vm],
    options: { ...acting, force: { type: 'boolean', help: 'as if the plug were pulled' } },
    examples: ['virt-rewind stop web-test', 'virt-rewind stop web-test --force --yes'],
  },
  wait: {
    summary: 'wait for a VM',
    operands: [vm],
    options: {
      for: {
        type: 'string',
        value: 'WHAT',
        help: 'off, running or agent (the default)',
        words: ['off', 'running', 'agent'],
      },
      port,
      seconds: { ...seconds, help: 'give up after so many seconds; 120 unless given' },
    },
    examples: ['virt-rewind wait web-test', 'virt-rewind wait web-test --port 22 --seconds 60'],
  },
  run: {
    summary: 'run a program in a guest, by its guest agent',
    operands: [vm, { name: 'PROGRAM ARGUMENT', kind: 'program', needed: 'rest' }],
    options: {
      input: { type: 'boolean', help: 'give it the standard input, up to 64 KiB' },
      seconds: { ...seconds, help: 'give up after so many seconds; 60 unless given. The program goes on' },
    },
    more: 'No shell is between: name one for a pipe. The exit code is that of the program. Of what it writes, the first MiB is shown, when it has ended. libvirt notes that the VM was asked so ("tainted").',
    examples: [
      'virt-rewind run web-test -- systemctl is-active nginx',
      "virt-rewind run web-test -- sh -c 'df -h | tail -1'",
    ],
  },
  copy: {
    summary: 'copy a file into a guest or out of it, by its guest agent',
    operands: [
      { name: 'FROM', kind: 'place', needed: 'needed' },
      { name: 'TO', kind: 'place', needed: 'needed' },
    ],
    options: { force: { type: 'boolean', short: 'f', help: 'replace a file that is there' } },
    more: 'One of them is VM:/PATH. A folder stands for a file in it of the same name. The file appears when it is whole. As for run, libvirt notes that the VM was asked so ("tainted").',
    examples: ['virt-rewind copy setup.sh web-test:/root/', 'virt-rewind copy web-test:/var/log/messages .'],
  },
  bisect: bisectRow,
  console: {
    summary: 'open the serial console of a VM; Ctrl+] leaves it',
    operands: [vm],
    options: { force: { type: 'boolean', help: 'take it from another client' } },
    examples: ['virt-rewind console web-test'],
  },
  ...systemCommands,
  ...labCommands,
  doctor: {
    summary: 'say what is wrong with a VM and what can be done with it here',
    operands: [vm],
    options: {},
    examples: ['virt-rewind doctor web-test'],
  },
  health: {
    summary: 'check the chains, snapshots and space of VMs',
    operands: [anyVm],
    options: {},
    examples: ['virt-rewind health', 'virt-rewind health web-test --json'],
  },
  history: {
    summary: 'who did what to which VM',
    operands: [anyVm],
    options: {},
    more: 'From any editor and command line of this user. With --verbose also the virsh commands that do the same.',
    examples: ['virt-rewind history'],
  },
  mcp: {
    summary: 'offer the VMs to an agent, as a server of the Model Context Protocol on standard input and output',
    operands: [],
    options: {},
    more: 'Its tools list, describe, checkpoint and revert VMs, run programs in guests, and show consoles and displays. What an agent may do with which VM stands in the setting virtRewind.agents.permissions of the editor; unless set, it may look. See docs/agents.md.',
    examples: ['virt-rewind mcp'],
  },
  hook: {
    summary: "called by an agent's hook: keeps VMs as they are before each of its shell commands",
    operands: [
      { name: 'pre-tool', kind: 'text', needed: 'needed' },
      { name: 'VM', kind: 'vm', needed: 'several' },
    ],
    options: {
      'go-on': { type: 'boolean', help: 'let the command run also where no checkpoint could be taken' },
    },
    more: 'It reads what Claude Code, VS Code or GitHub Copilot write to a hook before a tool is used. Without a VM it keeps all that agents may checkpoint. A VM that has done nothing since its last checkpoint is not kept again; one that runs always has. Ends with 2, which stops the command, where something could not be kept. See docs/agents.md.',
    examples: ['virt-rewind hook pre-tool web-test'],
  },
  completion: {
    summary: 'print what completes names in a shell: bash, zsh or fish',
    operands: [{ name: 'SHELL', kind: 'shell', needed: 'needed' }],
    options: {},
    examples: [
      'source <(virt-rewind completion bash)',
      'virt-rewind completion fish > ~/.config/fish/completions/virt-rewind.fish',
    ],
  },
} as const satisfies Record<string, Command>;

export type CommandName = keyof typeof commands;

/** Words that only begin a command. */
export const commandGroups: readonly string[] = ['system', 'lab'];

export const commandNames = Object.keys(commands) as readonly CommandName[];

/** The row of a command, without what the compiler knows of each. */
export function commandOf(name: CommandName): Command {
  return commands[name];
}

export function optionsOf(name: CommandName): Readonly<Record<string, Option>> {
  return { ...commandOf(name).options, ...commonOptions };
}
