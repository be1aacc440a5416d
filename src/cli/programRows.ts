// The rows of THE table: What programs and their authors need.
import { vmWaits } from '../domain/wait.js';
import { acting, port, seconds, under, vm } from './commandShape.js';
import { speedWords } from '../domain/speedWords.js';

export const programRows = {
  ...under('Files and copies', {
    speed: {
      summary: 'slow down the disks or the network of a running VM, or show how fast they are',
      operands: [vm],
      options: {
        like: {
          type: 'string',
          value: 'WHAT',
          words: Object.keys(speedWords),
          help: 'hard-disk and memory-card: its disks; phone: its network; full: nothing is limited',
        },
        name: acting.name,
      },
      more: 'Lasts until the VM is off or reverted; the limits of its configuration stay. With virt-rewind undo, limits that somebody else set return.',
      examples: ['virt-rewind speed web-test --like hard-disk', 'virt-rewind speed web-test --like full'],
      act: async () => (await import('./commands/speed.js')).speed,
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
      act: async () => (await import('./commands/copy.js')).copy,
    },
  }),
  ...under('For programs', {
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
      act: async () => (await import('./commands/wait.js')).wait,
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
      act: async () => (await import('./commands/run.js')).run,
    },
    console: {
      summary: 'open the serial console of a VM; Ctrl+] leaves it',
      operands: [vm],
      options: { force: { type: 'boolean', help: 'take it over from another client' } },
      examples: ['virt-rewind console web-test'],
      act: async () => (await import('./commands/console.js')).openConsole,
    },
    mcp: {
      summary: 'run a server of the Model Context Protocol for an agent, on standard input and output',
      operands: [],
      options: {},
      more: 'Its tools list, describe, checkpoint and revert VMs, run programs in guests, and show consoles and displays. The setting virtRewind.agents.permissions of the editor controls what an agent may do with which VM. By default it may only look. See docs/agents.md.',
      examples: ['virt-rewind mcp'],
      act: async () => (await import('./commands/mcp.js')).mcp,
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
  }),
};
