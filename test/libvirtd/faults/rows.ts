// Runs an operation with one fault in one step, and says what is then other than it was before or would be after.
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Failure } from '../../../src/domain/failure.js';
import type { Refusal } from '../../../src/domain/refusal.js';
import { keepIn } from '../../../src/journal/persistence.js';
import type { PlannedWork } from '../../../src/operations/plan.js';
import type { RecoveryReport } from '../../../src/domain/recoveryReport.js';
import { type Difference, OracleVm } from '../../oracle/oracleVm.js';
import type { Daemon } from '../engineRig.js';
import { acceptedEnds, afterEachDelete } from './accepted.js';
import { lookAtChild, removeChild } from './childLooks.js';
import type { Cutter } from './cutter.js';
import { inChild } from './dyingChild.js';
import { type Editor, openEditor } from './editor.js';
import { followAdvice } from './person.js';
import { type EndOfFault, faultActs, type FaultKind, useSave } from './faultKinds.js';
import { type Prepared, type Scenario } from './scenarios.js';
import type { At, Course } from './stepHooks.js';
import { silentLog } from '../../silentLog.js';
import { GuestVm } from '../guestVm.js';

export interface Bench {
  readonly daemon: Daemon;
  /** Nobody starts it again just now, because it was stuck. */
  readonly settled: () => Promise<void>;
  /** A small file system for disks. */
  readonly disks: string;
  readonly cutter: Cutter;
  /** Through the cutter. */
  readonly uri: string;
}

export interface RowResult {
  readonly course: Course;
  /** How it ended, for the table of results. */
  readonly end: string;
  /** Empty when nothing is wrong. */
  readonly wrong: readonly string[];
}

/**
 * Most rows are over in a tenth of it. One that hangs is ended by its test a minute later, with no word of where it
 * hung.
 */
const strangeMs = 240_000;

let vms = 0;

export interface PlacedFault {
  readonly kind: FaultKind;
  readonly at: At;
  /** What goes on when nothing goes wrong. */
  readonly usual: Required<Course>;
}

/** Where a fault acts in a plan that nobody has seen run; undefined: nowhere. */
export interface FaultInPlan {
  readonly kind: FaultKind;
  readonly placeIn: (plan: PlannedWork) => At | undefined;
}

/** Without a fault it must end as after the operation; undefined: the fault has no place in its plan. */
export async function runRow(bench: Bench, scenario: Scenario, wanted: FaultInPlan): Promise<RowResult | undefined>;
export async function runRow(bench: Bench, scenario: Scenario, wanted?: PlacedFault): Promise<RowResult>;
export async function runRow(
  bench: Bench,
  scenario: Scenario,
  wanted?: PlacedFault | FaultInPlan,
): Promise<RowResult | undefined> {
  vms += 1;
  const { daemon, cutter, uri, disks } = bench;
  const name = `f${String(vms)}`;
  const folder = join(disks, name);
  await bench.settled();
  const vm = await OracleVm.define(daemon, { name, diskMiB: 4, folder });
  const journal = join(daemon.dir, `journal-${name}`);
  const kind = wanted?.kind;
  // An operation may be over before the daemon is there again.
  let acting: Promise<EndOfFault | undefined> | undefined;
  const act = async (course: Course): Promise<void> => {
    if (kind !== undefined && kind !== 'extensionKilled') {
      acting = faultActs[kind]({ daemon, cutter, name, folder, plan: course.plan! });
      await acting;
    }
  };
  const maker = openEditor({ uri, journal: `${journal}-maker`, env: daemon.env });
  const editors: Editor[] = [maker];
  let doing = 'making its snapshots';
  const hangs = setTimeout(() => {
    const logs = editors.flatMap(({ log }) => ['  --', ...log.slice(-25).map((line) => `  ${line}`)]);
    process.stdout.write([`          it hangs at ${doing}`, ...logs, ''].join('\n'));
  }, strangeMs);
  try {
    const prepared = await scenario.prepare(await stageOf(maker, vm, uri));
    const fault = wanted !== undefined && 'placeIn' in wanted ? await placed(maker, prepared, wanted) : wanted;
    maker.engine.dispose();
    if (wanted !== undefined && fault === undefined) {
      return undefined;
    }
    const inside = fault === undefined ? {} : { act, at: fault.at, usualMs: fault.usual.tookMs };
    let said: string;
    let course: Course;
    if (kind === 'extensionKilled') {
      const { at, usual } = fault!;
      const vmRef = prepared.request.vm;
      said = await inChild(
        { uri, journal, vm: vmRef.uuid, request: prepared.request, at, usualMs: usual.tookMs },
        daemon,
      );
      // What it was about to do: the title of its checkpoint is of another minute than the usual one's.
      const { entries } = await keepIn(journal, silentLog).journal.readInterrupted(uri);
      course = { ...usual, ...(entries[0] !== undefined && { plan: entries[0].plan }) };
    } else {
      const editor = openEditor({ uri, journal, env: daemon.env, ...inside });
      editors.push(editor);
      await editor.engine.connect(uri);
      doing = 'the operation';
      said = await outcomeOf(editor.engine.runOperation(prepared.request));
      course = editor.course;
      doing = 'the end of the fault';
      await (
        await acting
      )?.();
      doing = 'the end of its recovery';
      await editor.settled();
    }
    // Another editor, as it would come up later: it must find nothing more to do, or do what is left.
    editors.forEach(({ engine }) => engine.dispose());
    await bench.settled();
    doing = 'what the next editor does';
    const later = openEditor({ uri, journal, env: daemon.env });
    editors.push(later);
    await later.engine.connect(uri);
    await later.settled();
    await later.engine.refresh({ vm: prepared.request.vm });
    const advice = later.reports.flatMap(({ why }) => why?.reason ?? []);
    const ended = await followAdvice(daemon, name, new Set(advice));
    if (ended) {
      later.engine.dispose();
      const last = openEditor({ uri, journal, env: daemon.env });
      editors.push(last);
      await last.engine.connect(uri);
      await last.settled();
      await last.engine.refresh({ vm: prepared.request.vm });
    }
    if (kind === 'otherSaves') {
      await useSave(daemon, name);
    }
    const plan = planOf(course, fault?.usual, said);
    const reports = editors.flatMap(({ reports: own }) => own);
    const judged = await judge(vm, prepared, plan, { kind, reports, ended });
    const child =
      prepared.child === undefined ? undefined : await lookAtChild(daemon, name, folder, plan, prepared.child);
    const end = [judged.end, ...(child === undefined ? [] : [`child ${child.is}`])].join(', ');
    const wrong = [
      ...judged.wrong,
      ...(child?.wrong ?? []),
      ...(child !== undefined && said === 'done' && child.is !== 'whole'
        ? [`it is done, and the child is ${child.is}`]
        : []),
    ];
    const told = reports.map(({ outcome, why }) => `${outcome}${why === undefined ? '' : ` ${why.reason}`}`);
    const log = editors.flatMap((editor) => editor.log.slice(-12));
    return {
      course,
      end: `${said}; ${told.join(', ')}; ${end}`,
      wrong: wrong.length === 0 ? [] : [...wrong, ...log],
    };
  } finally {
    clearTimeout(hangs);
    editors.forEach(({ engine }) => engine.dispose());
    await removeChild(daemon);
    await daemon.virsh(['destroy', name]);
    await daemon.virsh(['undefine', name, '--snapshots-metadata', '--managed-save']);
    for (const left of [folder, journal, `${journal}-maker`]) {
      await rm(left, { recursive: true, force: true });
    }
  }
}

/** What a step is taken to last that was not seen to run: one that is quicker is met at its end. */
const unseenMs = 40;

async function placed(
  { engine }: Editor,
  { request }: Prepared,
  { kind, placeIn }: FaultInPlan,
): Promise<PlacedFault | undefined> {
  const decision = await engine.plan(request);
  if (decision.kind !== 'plan') {
    throw new Error(`nothing to break off: it is ${decision.kind}`);
  }
  const at = placeIn(decision);
  return at === undefined
    ? undefined
    : { kind, at, usual: { plan: decision, tookMs: decision.steps.map(() => unseenMs) } };
}

async function stageOf(editor: Editor, vm: OracleVm, uri: string): Promise<GuestVm> {
  const { vms: all } = await editor.engine.connect(uri);
  await editor.engine.refresh({ connection: uri });
  const view = editor.engine.findVms(vm.name, uri)[0];
  if (view === undefined) {
    throw new Error(`${vm.name} is not among ${String(all.length)} VMs`);
  }
  return new GuestVm(editor.engine, vm, view.ref);
}

function planOf(course: Course, usual: Course | undefined, said: string): PlannedWork {
  const plan = course.plan ?? usual?.plan;
  if (plan === undefined) {
    throw new Error(`no plan was written to the journal: ${said}`);
  }
  return plan;
}

/** With what stands in the way, where that is more than the reason tells. */
function reasonOf(why: Refusal | undefined): string {
  const because = why?.because === undefined ? '' : ` because of ${JSON.stringify(why.because)}`;
  return `${why?.reason ?? 'no reason'}${because}`;
}

async function outcomeOf(running: Promise<unknown>): Promise<string> {
  try {
    await running;
    return 'done';
  } catch (error) {
    if (!(error instanceof Failure)) {
      throw error;
    }
    return `failed: ${error.kind}${error.details.refusal === undefined ? '' : ` ${error.details.refusal.reason}`}`;
  }
}

/**
 * | what is other than it must be                                  | wrong                                            |
 * |----------------------------------------------------------------|--------------------------------------------------|
 * | data, or an image that is damaged                              | always                                           |
 * | snapshots that are there or not, the current one               | unless a person was told what is left to do      |
 * | the kind of a snapshot that was taken                          | unless another client acted just before: a VM that it started has disks to keep and no offline state |
 * | RAM of a VM that runs                                          | unless another client acted: it may have started the VM |
 * | running, paused, off                                           | unless QEMU was killed, the disk filled up, libvirt was away while QEMU started, or another client acted |
 */
function isWrong({ about, what }: Difference, kind: FaultKind | undefined, explained: boolean): boolean {
  switch (about) {
    case 'data':
    case 'image':
      return true;
    case 'tree':
      return !explained && !(kind === 'otherClient' && !/not there|current/u.test(what));
    case 'ram':
      return kind !== 'otherClient';
    case 'state':
      return kind === undefined || leavesPower.has(kind);
  }
}

/** What ends or stops no QEMU, now or later. */
const leavesPower: ReadonlySet<FaultKind> = new Set(['extensionKilled', 'connectionCut']);

/** Where the VM's files are not what the plan made them, by somebody else's hand. */
const needsPerson: ReadonlySet<FaultKind> = new Set(['overlaysRemoved', 'otherClient', 'otherSaves']);

/**
 * A daemon that dies in a merge may lose track of it, or of the VM. Told of that, a person ends QEMU, and what is asked
 * of them before says nothing of what is left afterwards.
 */
const endedByPerson: ReadonlySet<string> = new Set(['mergeLost', 'runsUnseen']);

interface Told {
  readonly kind: FaultKind | undefined;
  readonly reports: readonly RecoveryReport[];
  /** A person found the QEMU that they were told of, and ended it. */
  readonly ended: boolean;
}

async function judge(
  vm: OracleVm,
  { before, end, repaired }: Prepared,
  plan: PlannedWork,
  { kind, reports, ended }: Told,
): Promise<{ readonly end: string; readonly wrong: readonly string[] }> {
  const last = ended ? reports.findLastIndex(({ why }) => endedByPerson.has(why?.reason ?? '')) : -1;
  const explained = reports.slice(last + 1).filter(({ outcome }) => outcome === 'explained');
  const isOver = explained.length === 0 || reports.at(-1)?.outcome !== 'explained';
  const needless = explained.flatMap(({ why }) =>
    (isOver && why?.because?.reason === 'noSpaceFor') || (kind !== undefined && needsPerson.has(kind))
      ? []
      : [`a person is asked although nobody else acted: ${reasonOf(why)}`],
  );
  if (kind === 'diskFull' && reports.some(({ why }) => why?.reason === 'mergeLost')) {
    needless.push('a person is told of a merge that is lost, and it failed');
  }
  // libvirt tells that a tag is gone which a full disk has kept in its image: the rest of the series is not begun then.
  const isPartly = kind === 'diskFull' && reports.some(({ outcome }) => outcome === 'partly');
  const ends = [
    ...acceptedEnds(before, plan, end, repaired),
    ...(isPartly && plan.request.kind === 'delete' ? afterEachDelete(before, plan) : []),
  ];
  const stay = [...before.snapshots.keys()].filter((name) => ends.every(({ model }) => model.snapshots.has(name)));
  const tried: string[] = [];
  for (const { what, model } of ends) {
    // libvirt may hear only now that QEMU is gone, and the guest is asked in vain: the next look knows.
    const again = (error: unknown): ReturnType<OracleVm['compare']> => {
      if (kind !== 'qemuKilled') {
        throw error;
      }
      return vm.compare(model, 'everything');
    };
    const { differences, seen } = await vm.compare(model, 'everything').catch(again);
    const there = new Set(seen.snapshots.map(({ name }) => name));
    const wrong = [
      ...differences.filter((difference) => isWrong(difference, kind, explained.length > 0)).map((one) => one.what),
      ...stay.filter((name) => !there.has(name)).map((name) => `snapshot ${name} is gone, and no plan says so`),
      ...needless,
    ];
    if (wrong.length === 0) {
      const also = differences.map((difference) => difference.what);
      return { end: [what, ...also].join(', '), wrong: [] };
    }
    tried.push(`not as ${what}: ${wrong.join('; ')}`);
  }
  return { end: `neither: ${tried.join('; ')}`, wrong: tried };
}
