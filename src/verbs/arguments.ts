// What can be given to commands, tasks, the command line and agents: each argument once, with its shape and what it
// means.
import { snapshotKinds, snapshotStyles } from '../domain/snapshot.js';
import { deleteScopes, powerActions, statesAfterRevert } from '../domain/operation.js';
import * as v from 'valibot';
import { mostForks, cloneWays, cloneNetworks } from '../domain/clone.js';
import { speeds } from '../domain/speed.js';
import { longestSeconds } from '../domain/startWait.js';

/** libvirt's own limit is far below. */
const mostDisks = 1_000;
const mostAmount = 1_000_000;

const text = v.pipe(v.string(), v.nonEmpty());
const anyText = v.string();
const texts = v.pipe(v.array(text), v.maxLength(mostDisks));
const flag = v.boolean();
const amount = v.pipe(v.number(), v.minValue(0), v.maxValue(mostAmount));
const whole = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(mostAmount));
const upTo = (most: number) => v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(most));
const waitSeconds = v.pipe(v.number(), v.minValue(0), v.maxValue(longestSeconds));

export const argumentTable = {
  vm: { shape: text, means: 'name or UUID of a VM; a name that fits two VMs is refused, with both listed' },
  vms: { shape: texts, means: 'names or UUIDs of the VMs that a system is made of, or that a lab file names' },
  connection: { shape: text, means: 'URI of a libvirt; beside `vm`, it tells apart two VMs of one name' },
  system: { shape: text, means: 'name or id of a system of VMs' },
  file: { shape: text, means: 'path of a lab file; one that is relative begins in the folder of the workspace' },
  snapshot: { shape: text, means: 'name of a snapshot, or a title that only one snapshot of the VM has' },
  target: {
    shape: v.picklist(['last', 'favourite', 'branch']),
    means: 'the last checkpoint, the favourite, or a list of those of the Git branch that is checked out',
  },
  other: { shape: anyText, means: 'the other snapshot of a comparison; an empty text: the current state' },
  kind: {
    shape: v.picklist([...snapshotKinds, 'auto']),
    means: 'what is kept; `auto`: the best for what the VM does',
  },
  style: { shape: v.picklist(snapshotStyles), means: 'in the images, or in files over them' },
  quiesce: { shape: flag, means: 'the guest agent freezes the file systems first' },
  live: { shape: flag, means: 'external, with memory: the guest runs on while its RAM is written' },
  without: { shape: texts, means: 'disks that stay out, as the guest names them: `["vdb"]`' },
  title: { shape: text, means: 'any title; a safe name is made of it' },
  description: { shape: anyText, means: 'may be empty' },
  after: {
    shape: v.picklist(statesAfterRevert),
    means: 'the state of the VM after a revert',
  },
  keep: { shape: flag, means: 'whether a snapshot is kept: nothing that deletes by rule touches it' },
  until: {
    shape: text,
    means: 'how long a snapshot is kept, and deleted afterwards: `friday`, `2026-12-24`, `2026-12-24 18:00`, `3d`',
  },
  favourite: { shape: flag, means: 'whether a snapshot is the favourite of its VM' },
  protect: { shape: flag, means: 'whether dangerous operations on a VM ask for its name' },
  scope: {
    shape: v.picklist(deleteScopes),
    means: 'what a delete takes: the snapshot, that and all below it, or only what is below it',
  },
  checkpointFirst: { shape: flag, means: 'whether a revert keeps the present as a snapshot first' },
  confirm: { shape: flag, means: '`false`: nothing is asked; not in a workspace that you do not trust' },
  dismiss: { shape: flag, means: '`true`: an interrupted operation is left as it is, and marked as resolved' },
  operation: {
    shape: v.picklist(['createSnapshot', 'revert', 'deleteSnapshot', ...powerActions, 'consolidate', 'prune']),
    means: 'a command that changes a VM',
  },
  problem: { shape: text, means: 'what is wrong with a VM, as Check Health calls it' },
  disk: { shape: text, means: 'the one disk that is consolidated, grows or goes, as the guest names it' },
  size: { shape: text, means: 'the new size of a disk, or without `disk` that of a new one: `40G`' },
  remove: { shape: flag, means: '`true`: the disk is removed from the VM' },
  downTo: {
    shape: text,
    means: 'a snapshot, which stays; where no snapshot owns the layers, the file that takes the rest',
  },
  speed: { shape: amount, means: 'MiB a second at most; `0`: as fast as it goes' },
  olderThan: { shape: amount, means: 'in hours' },
  keepLast: { shape: whole, means: 'how many of the newest stay' },
  snapshots: { shape: texts, means: 'just these, by name or title' },
  name: { shape: text, means: 'of a VM that is made; several of a name get a number' },
  way: { shape: v.picklist(cloneWays), means: 'overlays on the files of the VM, or copies' },
  network: { shape: v.picklist(cloneNetworks), means: 'that of the VM, or all cables out' },
  disposable: { shape: flag, means: 'it goes by itself when it was on and is off' },
  count: { shape: upTo(mostForks), means: 'how many forks' },
  bisect: {
    shape: v.picklist(['resume', 'show', 'end']),
    means: 'what becomes of the bisect that a VM has; without it, one that is not finished goes on',
  },
  good: { shape: text, means: 'a snapshot that is known to be good; the search begins after it' },
  bad: { shape: text, means: 'a snapshot that is known to be bad; the search ends before it' },
  skip: { shape: texts, means: 'snapshots that are not tried' },
  check: { shape: v.picklist(['person', 'guest', 'console', 'host']), means: 'by whom or where a snapshot is judged' },
  program: { shape: texts, means: 'what is run for a check, or until it ends with 0; and its arguments' },
  tries: { shape: upTo(99), means: 'of a flaky check, at most, each on a new clone; the majority decides' },
  jobs: { shape: upTo(64), means: 'clones at once' },
  off: { shape: flag, means: 'with `host`: clones are not started' },
  startsAfter: {
    shape: texts,
    means: 'names or UUIDs of the VMs of the system that must be up before; `[]`: it starts at once',
  },
  upWhen: {
    shape: v.picklist(['nothing', 'agent', 'port', 'program', 'time']),
    means: 'what makes a VM count as up; `nothing`: that it runs',
  },
  port: { shape: upTo(65_535), means: 'a TCP port that answers when the VM is up' },
  host: { shape: text, means: 'where the port is; at the address of the VM unless given' },
  seconds: { shape: waitSeconds, means: 'how long that is waited for, at most; 120 unless given' },
  entry: { shape: text, means: 'id of an operation in the log of the VM' },
  like: { shape: v.picklist(speeds), means: 'how fast the disks or networks of a running VM are' },
  to: { shape: v.picklist(['guest', 'host']), means: 'whether a file goes into the guest or comes from it' },
  last: { shape: v.picklist(['revert']), means: 'the last of its kind is undone, and no list is shown' },
  andLater: { shape: flag, means: 'the operations after it are undone too, the last one first' },
  guestPath: { shape: text, means: 'of a file in the guest, or a folder of it: a whole path' },
  user: { shape: text, means: 'who logs in on the guest' },
  lesson: {
    shape: v.picklist(['start', 'levels', 'next', 'back', 'restart', 'end']),
    means:
      'start it or show it, end it and list all levels, one step on or back, from the first step with a new VM, end it and delete its VM',
  },
  level: { shape: text, means: 'id of a level of the lesson that is started; the whole lesson unless given' },
  layout: { shape: v.picklist(['tree', 'nested', 'list']), means: 'how the view arranges the snapshots of a VM' },
  sort: { shape: v.picklist(['time', 'name']), means: 'the order of snapshots in the view' },
  sortVms: { shape: v.picklist(['name', 'state', 'recent']), means: 'the order of VMs in the view' },
  filter: { shape: anyText, means: 'an empty text shows all' },
} as const;

export type ArgumentName = keyof typeof argumentTable;

/** What is given is not asked. */
export type CommandArguments = {
  readonly [Name in ArgumentName]?: v.InferOutput<(typeof argumentTable)[Name]['shape']>;
};
export type OperationName = NonNullable<CommandArguments['operation']>;
