// What a row of the table of commands is made of, and the operands and options that several rows have.

/** What a word stands for, for completion. */
export type OperandKind =
  'vm' | 'target' | 'snapshot' | 'repair' | 'system' | 'point' | 'labPoint' | 'shell' | 'program' | 'place' | 'text';

export interface Operand {
  readonly name: string;
  readonly kind: OperandKind;
  /** `rest`: one or more; `several`: any number. */
  readonly needed: 'needed' | 'optional' | 'rest' | 'several';
  /** A system has no such thing. */
  readonly onSystem?: false;
}

export interface Option {
  readonly type: 'boolean' | 'string';
  /** It may be said several times. */
  readonly multiple?: true;
  readonly short?: string;
  /** What stands for its value in the help. */
  readonly value?: string;
  readonly help: string;
  /** The values that it takes, where these are few. */
  readonly words?: readonly string[];
  /** What its value stands for, as of an operand. */
  readonly kind?: OperandKind;
  /** Options that say otherwise: one of them at most is said. */
  readonly not?: readonly string[];
  /** It says nothing without one of these. */
  readonly needs?: readonly string[];
}

/** In the order in which they are met. */
export const headings = [
  'Snapshots',
  'Going back',
  'VMs',
  'Systems',
  'Labs',
  'Files and copies',
  'For programs',
] as const;

export type Heading = (typeof headings)[number];

export interface Command {
  /** Under which it stands in the help, of one that a wing hands in. */
  readonly heading?: Heading;
  readonly summary: string;
  readonly operands: readonly Operand[];
  readonly options: Readonly<Record<string, Option>>;
  /** It does the same to a system: which of the options it has there. Absent: it is for one VM. */
  readonly onSystem?: readonly string[];
  /** More than the summary, as paragraphs. */
  readonly more?: string;
  readonly examples: readonly string[];
}

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
/** Of a system, a restore point. */
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
/** Of what can destroy something. */
export const acting = {
  plan,
  yes: { type: 'boolean', short: 'y', help: 'answer the question with yes' },
  name: { type: 'string', value: 'NAME', help: 'the name of a protected VM or system, typed' },
} as const satisfies Record<string, Option>;

/** The same beside what changes nothing unless it is told to. */
export const repairing = {
  plan: { ...acting.plan, needs: ['repair'] },
  yes: { ...acting.yes, needs: ['repair'] },
  name: { ...acting.name, needs: ['repair'] },
} as const satisfies Record<string, Option>;

export const seconds: Option = { type: 'string', value: 'N', help: 'give up after N seconds' };
export const port: Option = {
  type: 'string',
  value: '[HOST:]PORT',
  help: 'a TCP port; without a host, at the address of the VM',
  not: ['for'],
};
