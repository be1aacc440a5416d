// THE table of what agents can do: for the language models of the editor and for MCP clients alike. What it says is for
// models, and in English. Nothing here deletes.
import { vmWaits } from '../domain/wait.js';
import { statesAfterRevert } from '../domain/operation.js';
import type { AgentPermission } from '../manifest/settings.js';
import { type ToolHandler, usualSeconds } from './toolCall.js';

export interface Field {
  readonly type: 'string' | 'number' | 'strings';
  readonly description: string;
  readonly needed?: true;
  readonly words?: readonly string[];
  /** The smallest value of a number; 1 unless given. */
  readonly least?: number;
  /** The largest length of a string, or value of a number. For a list, it limits the items and the length of each. */
  readonly most?: number;
}

interface Tool {
  readonly description: string;
  readonly needs: AgentPermission;
  /** It changes a VM, or what runs in it: it is a step, with a way back. */
  readonly acts: boolean;
  /** What it does, loaded when it is called. */
  readonly act: () => Promise<ToolHandler>;
  readonly fields: Readonly<Record<string, Field>>;
}

const vm: Field = { type: 'string', description: 'Name or UUID of the VM, as in list_vms.', needed: true };
const snapshot: Field = { type: 'string', description: 'Name of a snapshot (default: the current state; VM off).' };
const path: Field = {
  type: 'string',
  description: 'Path in the guest, such as /etc/hosts; vda1:/grub names the file system too (default: /).',
};
const seconds = (usual: number): Field => ({
  type: 'number',
  description: `Give up after so many seconds; ${usual} unless given.`,
  most: 600,
});

const tools = {
  list_vms: {
    description:
      'Lists the virtual machines with their state, the last backup that is known here, and what you may do with each.',
    needs: 'look',
    acts: false,
    fields: {},
    act: async () => (await import('./look.js')).listVms,
  },
  describe_vm: {
    description:
      'Describes a VM: its state, its snapshots as a tree, the last steps of agents with the checkpoint before each, its last known backup, and its schedules of backups with their last run. Backups that were made elsewhere are not known.',
    needs: 'look',
    acts: false,
    fields: { vm },
    act: async () => (await import('./look.js')).describeVm,
  },
  checkpoint_vm: {
    description: 'Creates a snapshot of a VM, of the best kind for its state. revert_vm can go back to it.',
    needs: 'checkpoint',
    acts: true,
    fields: {
      vm,
      title: { type: 'string', description: 'A short title (default: the time).', most: 100 },
      description: { type: 'string', description: 'Why it was created.', most: 1_000 },
    },
    act: async () => (await import('./act.js')).checkpointVm,
  },
  revert_vm: {
    description:
      'Reverts a VM to a snapshot, or to the checkpoint before a step. Saves the current state as a checkpoint first. Requires snapshot or before_step.',
    needs: 'act',
    acts: true,
    fields: {
      vm,
      snapshot: { type: 'string', description: 'Name of the snapshot, as in describe_vm.' },
      before_step: {
        type: 'number',
        description: 'Number of a step: reverts the VM to its state before that step.',
        most: 1e9,
      },
      after: {
        type: 'string',
        description: 'The state of the VM afterwards (default: as in the snapshot).',
        words: statesAfterRevert,
      },
    },
    act: async () => (await import('./act.js')).revertVm,
  },
  undo_revert: {
    description: 'Undoes the last revert of a VM. Saves the current state as a checkpoint first.',
    needs: 'act',
    acts: true,
    fields: { vm },
    act: async () => (await import('./act.js')).undoRevert,
  },
  compare_vm: {
    description:
      'Shows the differences in hardware and disks between a snapshot of a VM and another one, or the current state.',
    needs: 'look',
    acts: false,
    fields: {
      vm,
      from: { type: 'string', description: 'Name of a snapshot.', needed: true },
      to: { type: 'string', description: 'Name of another snapshot (default: the current state).' },
    },
    act: async () => (await import('./look.js')).compareVm,
  },
  run_in_guest: {
    description:
      'Runs a program in the guest with its guest agent, without a shell (for pipes: program "sh", args ["-c", …]). Creates a checkpoint first, so revert_vm with before_step undoes its changes to the VM. Data that it sends elsewhere cannot be undone.',
    needs: 'act',
    acts: true,
    fields: {
      vm,
      program: { type: 'string', description: 'Name or path of the program in the guest.', needed: true },
      args: { type: 'strings', description: 'Its arguments.', most: 256 },
      input: { type: 'string', description: 'Its standard input.', most: 65_536 },
      seconds: seconds(usualSeconds.run_in_guest),
    },
    act: async () => (await import('./act.js')).runInGuest,
  },
  press_keys: {
    description:
      'Presses keys in a VM that is running, one after the other. Creates a checkpoint first, so revert_vm with before_step undoes what they did. take_screenshot shows what came of it. Refused if somebody else reverted the VM since the last take_screenshot.',
    needs: 'act',
    acts: true,
    fields: {
      vm,
      keys: {
        type: 'strings',
        description: 'Such as ["ctrl+alt+f2", "enter", "a"]: places on a US keyboard.',
        needed: true,
        most: 100,
      },
    },
    act: async () => (await import('./hands.js')).pressKeys,
  },
  type_text: {
    description:
      'Types a text in a VM that is running, as on a US keyboard; a line break is enter. Otherwise as press_keys. run_in_guest is better where the guest agent responds.',
    needs: 'act',
    acts: true,
    fields: { vm, text: { type: 'string', description: 'What is typed.', needed: true, most: 1_000 } },
    act: async () => (await import('./hands.js')).typeText,
  },
  click: {
    description:
      'Clicks on the display of a VM that is running, at a place that take_screenshot showed. Creates a checkpoint first, as press_keys. The VM needs a VNC display and a tablet device.',
    needs: 'act',
    acts: true,
    fields: {
      vm,
      x: { type: 'number', description: 'Pixels from the left.', needed: true, least: 0, most: 65_535 },
      y: { type: 'number', description: 'Pixels from the top.', needed: true, least: 0, most: 65_535 },
      button: { type: 'string', description: 'Which button (default: left).', words: ['left', 'middle', 'right'] },
      times: { type: 'number', description: '2 for a double click (default: 1).', most: 2 },
    },
    act: async () => (await import('./hands.js')).click,
  },
  change_disk: {
    description:
      'Grows a disk of a VM, adds an empty one, or removes one from a VM that is off. Creates a checkpoint first, so revert_vm with before_step undoes it. describe_vm lists the disks. What the guest makes of a larger or new disk is up to it.',
    needs: 'act',
    acts: true,
    fields: {
      vm,
      change: { type: 'string', description: 'What to do.', needed: true, words: ['grow', 'add', 'remove'] },
      disk: { type: 'string', description: 'Which one to grow or remove, such as vda.', most: 100 },
      size: { type: 'string', description: 'Of the grown or added disk in all, such as 40G.', most: 20 },
    },
    act: async () => (await import('./act.js')).changeDisk,
  },
  read_console: {
    description:
      'Reads the serial console of the guest for some seconds. Types nothing, and does not take the console from other clients.',
    needs: 'look',
    acts: false,
    fields: {
      vm,
      seconds: {
        type: 'number',
        description: `For how many seconds; ${usualSeconds.read_console} unless given.`,
        most: 60,
      },
    },
    act: async () => (await import('./look.js')).readConsole,
  },
  list_guest_files: {
    description:
      'Lists a folder of the guest as it is in a snapshot, or on the disks of a VM that is off. Starts nothing in the guest.',
    needs: 'look',
    acts: false,
    fields: { vm, snapshot, path },
    act: async () => (await import('./guestFileTools.js')).listGuestFolder,
  },
  read_guest_file: {
    description:
      'Reads a text file of the guest as it is in a snapshot, or on the disks of a VM that is off. Starts nothing in the guest.',
    needs: 'look',
    acts: false,
    fields: {
      vm,
      snapshot,
      path: { ...path, needed: true },
      from_byte: { type: 'number', description: 'Where to begin (default: at the beginning).', most: 1e15 },
    },
    act: async () => (await import('./guestFileTools.js')).readGuestFile,
  },
  take_screenshot: {
    description: 'Shows the display of a VM as a picture.',
    needs: 'look',
    acts: false,
    fields: { vm },
    act: async () => (await import('./look.js')).takeScreenshot,
  },
  wait_for_vm: {
    description: 'Waits until a VM is running or off, or until its guest agent or a TCP port responds.',
    needs: 'look',
    acts: false,
    fields: {
      vm,
      for: { type: 'string', description: 'What to wait for (default: agent).', words: vmWaits },
      port: { type: 'number', description: 'Wait for this TCP port of the VM instead.', most: 65_535 },
      seconds: seconds(usualSeconds.wait_for_vm),
    },
    act: async () => (await import('./look.js')).waitForVm,
  },
} as const satisfies Record<string, Tool>;

export type ToolName = keyof typeof tools;

export const toolNames = Object.keys(tools) as readonly ToolName[];

/** The row of a tool, without what the compiler knows of each. */
export function toolOf(name: ToolName): Tool {
  return tools[name];
}

export function findTool(name: unknown): ToolName | undefined {
  return toolNames.find((one) => one === name);
}

const editorPrefix = 'virtRewind_';

/** What the editor calls it; its own name is for MCP, where each server has its names for itself. */
export function editorNameOf(name: ToolName): string {
  return `${editorPrefix}${name}`;
}

export function toolOfEditor(name: string): ToolName | undefined {
  return name.startsWith(editorPrefix) ? findTool(name.slice(editorPrefix.length)) : undefined;
}
