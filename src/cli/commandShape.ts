// What several rows of the table of commands have: operands, options, headings.

import type { Command, CommandTable, Heading, Operand, Option } from './context.js';

export const commonOptions = {
  connect: {
    type: 'string',
    short: 'c',
    value: 'URI',
    help: 'the libvirt URI, as in virsh (default: $LIBVIRT_DEFAULT_URI, else those of this computer)',
  },
  json: { type: 'boolean', help: 'print one JSON document to standard output instead of text' },
  quiet: { type: 'boolean', short: 'q', help: 'no progress on standard error' },
  verbose: { type: 'boolean', short: 'v', help: 'the log on standard error' },
  help: { type: 'boolean', short: 'h', help: 'this help' },
} as const satisfies Record<string, Option>;

export const vm: Operand = { name: 'VM', kind: 'vm', needed: 'needed' };
export const vmOrSystem: Operand = { name: 'VM|SYSTEM', kind: 'target', needed: 'needed' };
export const anyVm: Operand = { name: 'VM', kind: 'vm', needed: 'optional' };
export const entry: Operand = { name: 'ENTRY', kind: 'text', needed: 'optional', onSystem: false };
/** A snapshot; for a system, a restore point. */
export const snapshot: Operand = { name: 'SNAPSHOT', kind: 'snapshot', needed: 'needed' };

export function snapshotOption(help: string): Option {
  return { type: 'string', kind: 'snapshot', value: 'SNAPSHOT', help };
}

export const seamless: Option = {
  type: 'string',
  value: 'WHEN',
  help: 'auto: pause only for milliseconds if QEMU can write the RAM while the VM runs; never (default: as in the settings)',
  words: ['auto', 'never'],
};

export const plan: Option = {
  type: 'boolean',
  help: 'show the plan with its virsh commands, and change nothing',
};
/** Options of commands that can destroy something. */
export const acting = {
  plan,
  yes: { type: 'boolean', short: 'y', help: 'answer the question with yes' },
  name: { type: 'string', value: 'NAME', help: 'the name of a protected VM or system, typed' },
} as const satisfies Record<string, Option>;

/** By which rule snapshots or restore points go. */
export const pruneRule = {
  'older-than': { type: 'string', value: 'AGE', help: 'older than so many hours, days or weeks: 12h, 3d, 2w' },
  'keep-last': { type: 'string', value: 'N', help: 'all but the N newest' },
} as const satisfies Record<string, Option>;

/** The same beside what changes nothing unless it is told to. */
export const repairing = {
  plan: { ...acting.plan, needs: ['repair'] },
  yes: { ...acting.yes, needs: ['repair'] },
  name: { ...acting.name, needs: ['repair'] },
} as const satisfies Record<string, Option>;

export const until: Option = {
  type: 'string',
  value: 'WHEN',
  help: 'keep it until then, and delete it afterwards: friday, tomorrow, 2026-12-24, "2026-12-24 18:00", 3d, 2w',
};

export const seconds: Option = { type: 'string', value: 'N', help: 'give up after N seconds' };
export const port: Option = {
  type: 'string',
  value: '[HOST:]PORT',
  help: 'a TCP port; without a host, at the address of the VM',
  not: ['for'],
};

/** Rows with their heading in the help. */
export function under(heading: Heading, rows: Readonly<Record<string, Omit<Command, 'heading'>>>): CommandTable {
  return Object.fromEntries(Object.entries(rows).map(([name, row]) => [name, { heading, ...row }]));
}

/** Words that only begin a command. */
export const commandGroups: readonly string[] = ['system', 'lab', 'level'];

/** Commands that systems have, too: `system start shop` is `start shop`, and finds no VM. */
export function commandsOnSystems(commands: CommandTable): readonly string[] {
  return Object.keys(commands).filter((name) => commands[name]?.onSystem !== undefined);
}

export function optionsOf({ options }: Command): Readonly<Record<string, Option>> {
  return { ...options, ...commonOptions };
}
