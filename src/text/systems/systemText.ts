// What is said of systems of VMs: their rows, the question before something is done with one, and how that ended.
import { t } from '@vscode/l10n';
import type { Failure } from '../../domain/failure.js';
import { parseDescription } from '../../domain/description.js';
import { displayLine } from '../../domain/plainText.js';
import type { MemberOutcome } from '../../domain/system.js';
import type { SystemPlan } from '../../systems/systemPlan.js';
import { doneMembers, isPowerPlan, type PlannedSystem, type SystemPowerPlan } from '../../systems/systemPower.js';
import type { SystemResult } from '../../systems/groupRun.js';
import type { ObservedSystem } from '../../systems/observedSystem.js';
import type { RecoveredSystem } from '../../systems/systems.js';
import { failureText } from '../failures/failureText.js';
import { type QuestionText, questionOfAll, withLine } from '../questions/questionText.js';
import { refusalText } from '../refusals/refusalText.js';
import { agoText, behindText, estimateText, measuredText } from '../relativeAge.js';
import { noWayBack, pointTitle } from './systemPointText.js';
import { noAgentText } from '../guests/waitText.js';
import { kindWords, powerWord, vmCountText } from '../words.js';
import { commandFor, wayTo } from '../ways.js';

/** The usual pause for a snapshot without RAM. */
const diskStopMs = 50;

/** @param cancelSeconds for how long a delete can be cancelled before it begins */
export function systemQuestion(plan: PlannedSystem, now: number, cancelSeconds?: number): QuestionText {
  return isPowerPlan(plan) ? powerQuestion(plan, now) : pointQuestion(plan, now, cancelSeconds);
}

function pointQuestion(
  { kind, system, point, members }: SystemPlan,
  now: number,
  cancelSeconds: number | undefined,
): QuestionText {
  const [name, title] = [displayLine(system.name), pointTitle(point)];
  const words = {
    checkpoint: { title: t('Create a restore point of the system {0}?', name), confirm: t('Create Restore Point') },
    revert: {
      title:
        point.auto === 'revert'
          ? t('Undo the last revert of the system {0}?', name)
          : t('Revert the system {0} to “{1}”?', name, title),
      confirm: t('Revert'),
    },
    delete: { title: t('Delete “{0}” of the system {1}?', title, name), confirm: t('Delete') },
  }[kind];
  // A guest that stands still until it is reverted writes nothing after its checkpoint.
  const planned = members.map(({ plan, view }) => ({
    plan: { ...plan, warnings: plan.warnings.filter((warning) => warning.kind !== 'runsOnAfterCheckpoint') },
    target: view,
  }));
  const { details, lines, ...question } = questionOfAll({ ...words, cancelSeconds }, planned, now);
  const together = { checkpoint: momentLines(members), revert: [t('All running VMs pause together.')], delete: [] }[
    kind
  ];
  const bare = withoutRam(members);
  const names = bare.map(({ vm }) => vm).join(', ');
  return {
    ...question,
    lines: bare.length === 0 ? lines : withLine(lines, t('Saved without RAM: {0}.', names)),
    details: [...together, ...withoutRamLines(members), details].join('\n'),
  };
}

/** How long the longest stands still, by what was measured, and whom the others do not wait for. */
function momentLines(members: SystemPlan['members']): readonly string[] {
  const running = members.filter(({ state }) => state === 'running');
  const stops = running.map(
    ({ plan: { warnings } }) => warnings.find((one) => one.kind === 'guestStandsStill')?.estimateMs ?? diskStopMs,
  );
  const slow = running.filter(({ plan: { steps } }) => !steps.some((step) => 'seamless' in step && step.seamless));
  const names = slow.map(({ view }) => displayLine(view.vm.name)).join(', ');
  return running.length === 0
    ? []
    : [
        t(
          'All running VMs pause at one moment, for up to about {0}. Each continues when it is saved.',
          estimateText(Math.max(...stops)),
        ),
        ...(slow.length > 0 && slow.length < running.length ? [t('Not seamless: {0}.', names)] : []),
      ];
}

/**
 * The members that run, or are paused, and are not kept as the others are: programs that talk to each other are at one
 * moment only with RAM.
 */
export function withoutRam(
  members: SystemPlan['members'],
): readonly { readonly vm: string; readonly snapshotKind: string }[] {
  return members.flatMap(({ view, state, plan: { steps, snapshot, checkpoint, request } }) => {
    const kept = request.kind === 'create' ? snapshot : checkpoint;
    const made = steps.find((step) => step.kind === 'createSnapshot' && step.name === kept);
    if (state === 'off' || made?.kind !== 'createSnapshot' || made.snapshotKind === 'memory') {
      return [];
    }
    const { trailers } = parseDescription(made.description);
    return [{ vm: displayLine(view.vm.name), snapshotKind: kindWords({ kind: made.snapshotKind, trailers }) }];
  });
}

export function withoutRamLines(members: SystemPlan['members']): readonly string[] {
  return withoutRam(members).map(({ vm, snapshotKind }) =>
    t('{0} is running and is saved without its RAM: {1}.', vm, snapshotKind),
  );
}

/** Asks only about the members whose state changes. */
function powerQuestion({ kind, system, members }: SystemPowerPlan, now: number): QuestionText {
  if (members.length === 0) {
    return { title: nothingToPowerText({ kind, system }), lines: [], details: '', confirm: '' };
  }
  const name = displayLine(system.name);
  const words =
    kind === 'start'
      ? { title: t('Start the system {0}?', name), confirm: t('Start') }
      : { title: t('Shut down the system {0}?', name), confirm: t('Shut Down') };
  return questionOfAll(
    words,
    members.map(({ plan, view }) => ({ plan, target: view })),
    now,
  );
}

export function notInSystemText(system: string, vm: string): string {
  return t('{0} does not belong to the system {1}.', displayLine(vm), displayLine(system));
}

function powerDoneText(plan: SystemPowerPlan, result: SystemResult): string {
  const { kind, system, members } = plan;
  const name = displayLine(system.name);
  const [count, all] = [doneMembers(plan, result).length, members.length];
  return all === 0
    ? nothingToPowerText({ kind, system })
    : kind === 'start'
      ? t('{0}: {1} of {2} started.', name, count, vmCountText(all))
      : t('{0}: {1} of {2} shut down.', name, count, vmCountText(all));
}

function nothingToPowerText({ kind, system }: Pick<SystemPowerPlan, 'kind' | 'system'>): string {
  const name = displayLine(system.name);
  return kind === 'start' ? t('All VMs of {0} are already running.', name) : t('All VMs of {0} are already off.', name);
}

/** The system, its members and its restore points, as lines. */
export function systemLines(looked: ObservedSystem, now: number): readonly string[] {
  const { system, points, members, standsAt, interrupted } = looked;
  return [
    displayLine(system.name),
    ...members.map(({ name, vm, isAway }) => {
      const renamed = vm !== undefined && vm.name !== name ? ` (${displayLine(vm.name)})` : '';
      const state = vm !== undefined ? powerWord(vm) : isAway ? t('not reachable') : t('no longer exists');
      return `  ${displayLine(name)}${renamed}  ${state}`;
    }),
    ...points.map((point) => {
      const words = [agoText(point.createdAt, now), ...noWayBack(looked, point)];
      return `  ${standsAt === point ? '●' : '○'} ${pointTitle(point)}  ${words.join(', ')}`;
    }),
    ...(standsAt === 'apart' && points.length > 0 ? [`  ${t('The VMs are not at the same restore point.')}`] : []),
    ...(interrupted === undefined ? [] : [`  ${interruptedText(system.name)}`]),
  ];
}

function interruptedText(system: string): string {
  return t(
    'An operation on this system was interrupted. Finish it with: {0}',
    commandFor(['system', 'recover', displayLine(system)]),
  );
}

/** With what became of each VM where not all is done. */
export function systemDoneLines(plan: PlannedSystem, result: SystemResult): readonly string[] {
  const isWhole = lateOf(result).length === 0;
  return [systemDoneText(plan, result), ...(isWhole ? [] : outcomeLines(result.members, plan.kind))];
}

export function systemDoneText(plan: PlannedSystem, result: SystemResult): string {
  return isPowerPlan(plan) ? powerDoneText(plan, result) : pointDoneText(plan, result);
}

function pointDoneText(
  { kind, system, point }: SystemPlan,
  { kept, point: made, pausedMs, members }: SystemResult,
): string {
  const [name, title] = [displayLine(system.name), pointTitle(point)];
  const spreadMs = (kept ?? made)?.spreadMs;
  const done = {
    checkpoint: t('Created restore point “{1}” of the system {0}.', name, title),
    revert:
      point.auto === 'revert'
        ? t('Undid the last revert of the system {0}.', name)
        : t('Reverted the system {0} to “{1}”.', name, title),
    delete: t('Deleted “{0}” of the system {1}.', title, name),
  }[kind];
  return [done, ...pauseText(pausedMs, spreadMs), ...clocksText(members)].join(' ');
}

function pauseText(pausedMs: number | undefined, spreadMs: number | undefined): readonly string[] {
  if (pausedMs === undefined) {
    return spreadMs === undefined ? [] : [t('All VMs paused within {0} ms of each other.', Math.ceil(spreadMs))];
  }
  return spreadMs === undefined
    ? [t('The VMs paused for at most {0}.', measuredText(pausedMs))]
    : [t('All VMs paused within {0} ms of each other, for up to {1}.', Math.ceil(spreadMs), measuredText(pausedMs))];
}

function clocksText(members: readonly MemberOutcome[]): readonly string[] {
  const behind = members.flatMap(({ name, clockBehindMs }) =>
    clockBehindMs === undefined ? [] : [`${displayLine(name)} (${behindText(clockBehindMs)})`],
  );
  return behind.length === 0 ? [] : [t('Set these clocks, which are slow: {0}.', behind.join(', '))];
}

/** Those of which there is more to tell. */
export function lateOf({ members }: Pick<SystemResult, 'members'>): readonly MemberOutcome[] {
  return members.filter(({ outcome, failure }) => outcome !== 'done' || failure !== undefined);
}

/** Why a program shall not go on as if all were up; undefined where all are, or need not be. What is done stays so. */
export function notAllUp(
  plan: PlannedSystem,
  result: SystemResult,
): { readonly failure: Failure; readonly message: string } | undefined {
  const failures = result.members.flatMap(({ failure }) => failure ?? []);
  // Who comes after another one tells nothing of why.
  const failure =
    failures.find(({ kind }) => kind === 'cancelled') ?? failures.find(({ kind }) => kind !== 'stopped') ?? failures[0];
  if (isPowerPlan(plan)) {
    const [first] = failures;
    return first && { failure: first, message: systemDoneLines(plan, result).join(' ') };
  }
  return plan.kind !== 'revert' || failure === undefined
    ? undefined
    : {
        failure,
        message: [
          systemDoneText(plan, result),
          t('All disks were reverted, but not all VMs are ready.'),
          ...outcomeLines(lateOf(result), plan.kind),
        ].join(' '),
      };
}

/** By itself, or for a person who wants it. */
export function systemRecoveredText({ entry, to, members, why }: RecoveredSystem): {
  readonly message: string;
  readonly severity: 'info' | 'warning' | 'error';
} {
  const { name } = entry.system;
  const broken = t('An operation on the system {0} was interrupted.', displayLine(name));
  switch (to) {
    case 'nothing':
      return { message: t('No operation was interrupted.'), severity: 'info' };
    case 'after':
      return {
        message: [broken, t('It was completed anyway.'), ...namesOf(members, entry.kind)].join(' '),
        severity: 'info',
      };
    case 'before':
      return {
        message: [broken, t('All its VMs are in the same state as before.'), ...namesOf(members, entry.kind)].join(' '),
        severity: 'warning',
      };
    case 'explain': {
      const reasons = [...(why === undefined ? [] : [refusalText(why).reason]), ...outcomeLines(members, entry.kind)];
      return { message: [broken, ...reasons].join(' '), severity: 'error' };
    }
  }
}

/** Who they are, where all ended alike; else what became of each. */
function namesOf(members: readonly MemberOutcome[], kind: SystemPlan['kind']): readonly string[] {
  const isAlike = members.every(({ outcome, failure }) => outcome === members[0]?.outcome && failure === undefined);
  return isAlike
    ? [t('VMs: {0}', members.map(({ name }) => displayLine(name, 40)).join(', '))]
    : outcomeLines(members, kind);
}

/** What became of each. @param kind what was done: after a checkpoint nobody is back */
export function outcomeLines(members: readonly MemberOutcome[], kind?: PlannedSystem['kind']): readonly string[] {
  return members.map(({ name, outcome, failure }) => {
    const vm = displayLine(name);
    if (outcome === 'done' && failure !== undefined) {
      return `${t('{0}: running, but not ready.', vm)} ${notUpText(vm, failure)}`;
    }
    const words = {
      done: t('{0}: done.', vm),
      asBefore: t('{0}: unchanged.', vm),
      notStarted:
        kind === 'checkpoint' ? t('{0}: saved, but not resumed.', vm) : t('{0}: reverted, but not started.', vm),
      unclear: t('{0}: in an intermediate state. What helps: {1}', vm, wayTo('examine', vm)),
    }[outcome];
    return failure === undefined ? words : `${words} ${whyText(failure)}`;
  });
}

function notUpText(vm: string, failure: Failure): string {
  if (failure.kind === 'unsupported') {
    return noAgentText(vm);
  }
  return failure.kind === 'failed' ? t('The VM was not ready in time.') : whyText(failure);
}

/** Who comes after another one was not begun. */
function whyText(failure: Failure): string {
  const { kind, details } = failure;
  return kind === 'stopped' && details.refusal === undefined && details.vm !== undefined
    ? t('Skipped, because {0} did not finish.', displayLine(details.vm))
    : failureText(failure).sentence;
}
