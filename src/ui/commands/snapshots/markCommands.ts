// Marks on snapshots: what is not to be deleted by rule, and the one of a VM that one command and one key go back to.
import { t } from '@vscode/l10n';
import { fullTime } from '../../../domain/clockText.js';
import { displayLine } from '../../../domain/plainText.js';
import { vmKey } from '../../../live/views.js';
import { snapshotOf } from '../../../systems/standing.js';
import { askUntil } from '../../prompts/askUntil.js';
import { askSeveral, type ListLine } from '../../prompts/ask.js';
import { CommandError, requireAnswer } from '../../prompts/commandError.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { targetPoint, targetSystem } from '../systems/systemTargets.js';
import { type SnapshotTarget, targetSnapshots } from '../targets.js';
import { givenUntil, startDatesTimer } from './untilCommands.js';

export const markCommands = {
  'virtRewind.mark': { vms: mark, system: markPoint },
} satisfies CommandTable;

interface MarkedTarget extends SnapshotTarget {
  /** For good. */
  readonly isKept: boolean;
  /** Milliseconds since 1970. */
  readonly until?: number;
  readonly isFavourite: boolean;
}

/** What becomes so; absent: it stays as it is. */
type Marks = Readonly<Partial<Record<'keep' | 'favourite', boolean | undefined>>> & { readonly until?: number };

/** Keeps snapshots, or makes one the favourite, or no longer: as given, or as ticked. */
async function mark(run: CommandRun): Promise<void> {
  const targets = await markedTargets(run, await targetSnapshots(run));
  const { keep, favourite } = argumentsOf(run.call);
  const until = givenUntil(run);
  const isGiven = keep !== undefined || favourite !== undefined || until !== undefined;
  const marks: Marks = isGiven ? { keep, favourite, ...(until !== undefined && { until }) } : await askMarks(targets);
  refuseFreeFavourite(targets, marks);
  // A favourite is kept as long as it is one: that mark goes first.
  await tell(run, marks, [...(await setFavourite(run, targets, marks)), ...(await setKept(run, targets, marks))]);
}

async function tell(run: CommandRun, { until }: Marks, said: readonly string[]): Promise<void> {
  if (said.length > 0) {
    noteInStatusBar(said.join(' · '));
  }
  await (until === undefined ? undefined : startDatesTimer(run));
}

/** A restore point of a system is kept until a date with the snapshots of all its members. */
async function markPoint(run: CommandRun): Promise<void> {
  const stored = await targetSystem(run);
  const point = await targetPoint(run, stored);
  const there = stored.system.members.flatMap((member) => {
    const view = run.engine.findVm(member);
    const snapshot = view?.tree && snapshotOf(view.tree, member, point, stored.points);
    return view === undefined || snapshot === undefined ? [] : [{ view, snapshot }];
  });
  const targets = await markedTargets(run, there);
  const { keep } = argumentsOf(run.call);
  const until = givenUntil(run);
  const marks: Marks =
    keep === undefined && until === undefined
      ? await askMarks(targets, point.title)
      : { keep, ...(until !== undefined && { until }) };
  await tell(run, marks, await setKept(run, targets, marks));
}

function markedTargets(run: CommandRun, targets: readonly SnapshotTarget[]): Promise<readonly MarkedTarget[]> {
  return Promise.all(
    targets.map(async (target) => {
      const { ref } = target.view;
      const { name } = target.snapshot;
      const until = (await run.engine.datedSnapshots(ref)).find((one) => one.name === name)?.until;
      return {
        ...target,
        isKept: until === undefined && (await run.engine.keptSnapshots(ref)).includes(name),
        ...(until !== undefined && { until }),
        isFavourite: (await run.engine.readFavourite(ref)) === name,
      };
    }),
  );
}

/** What is so now is ticked. */
async function askMarks(targets: readonly MarkedTarget[], point?: string): Promise<Marks> {
  const isKept = targets.every((one) => one.isKept);
  const isFavourite = targets.every((one) => one.isFavourite);
  const [first] = targets;
  const was = targets.every(({ until }) => until !== undefined) ? first?.until : undefined;
  const lines: readonly ListLine<'keep' | 'until' | 'favourite'>[] = [
    { label: t('Keep'), description: t('never pruned'), isPicked: isKept, value: 'keep' },
    {
      label: t('Keep Until…'),
      description: was === undefined ? t('then deleted') : t('until {0}, then deleted', fullTime(was)),
      isPicked: was !== undefined,
      value: 'until',
    },
    {
      label: t('Favourite'),
      description: t('reverted to with one click, always kept'),
      isPicked: isFavourite,
      value: 'favourite',
    },
  ];
  const ticked = requireAnswer(
    await askSeveral(
      targets.length === 1 && point === undefined ? lines : lines.slice(0, 2),
      point === undefined ? titlesOf(targets) : displayLine(point),
      [],
      t('Marks of Snapshots'),
    ),
  );
  const favourite = ticked.includes('favourite');
  if (ticked.includes('until') && (was === undefined || !ticked.includes('keep'))) {
    const until = await askUntil(t('Keep Until…'), was);
    return { ...(until !== was && { until }), ...(favourite !== isFavourite && { favourite }) };
  }
  const keep = ticked.includes('keep');
  // A favourite that is none any more was kept as one: where Keep stays ticked, it gets a mark of its own.
  return {
    ...((keep !== isKept || was !== undefined || (keep && isFavourite && !favourite)) && { keep }),
    ...(favourite !== isFavourite && { favourite }),
  };
}

/** @throws CommandError `refused` for a favourite that shall not be kept, and stays the favourite */
function refuseFreeFavourite(targets: readonly MarkedTarget[], { keep, favourite }: Marks): void {
  const held = keep === false ? targets.find(({ isFavourite }) => favourite ?? isFavourite) : undefined;
  if (held !== undefined) {
    const { view, snapshot } = held;
    throw new CommandError(
      'refused',
      t('{0} is the favourite of {1} and is therefore kept.', snapshot.title, view.vm.name),
      { vm: view.vm.name, snapshot: snapshot.name },
    );
  }
}

/** The VM's favourite before is one no longer. @returns what was done */
async function setFavourite(
  run: CommandRun,
  targets: readonly MarkedTarget[],
  { favourite }: Marks,
): Promise<readonly string[]> {
  const said: string[] = [];
  for (const { view, snapshot, isFavourite } of targets) {
    if (favourite === true) {
      await run.engine.setFavourite(view.ref, snapshot.name);
      said.push(t('Favourite of {0}: {1}', view.vm.name, snapshot.title));
    } else if (favourite === false && isFavourite) {
      await run.engine.setFavourite(view.ref, undefined);
      said.push(t('{0} no longer has a favourite.', view.vm.name));
    }
  }
  return said;
}

/** Each VM's in one go. @returns what was done */
async function setKept(run: CommandRun, targets: readonly MarkedTarget[], marks: Marks): Promise<readonly string[]> {
  const { until, keep = until === undefined ? undefined : true } = marks;
  if (keep === undefined) {
    return [];
  }
  for (const { ref } of new Map(targets.map(({ view }) => [vmKey(view.ref), view])).values()) {
    const names = targets.filter(({ view }) => vmKey(view.ref) === vmKey(ref)).map(({ snapshot }) => snapshot.name);
    await run.engine.setKept(ref, names, keep ? 'kept' : 'free', until === undefined ? {} : { until });
    run.problemPages.renew(ref);
  }
  if (until !== undefined) {
    return [t('Kept until {0}, then deleted: {1}', fullTime(until), titlesOf(targets))];
  }
  return [keep ? t('Kept: {0}', titlesOf(targets)) : t('No longer kept: {0}', titlesOf(targets))];
}

function titlesOf(targets: readonly MarkedTarget[]): string {
  return displayLine(targets.map(({ snapshot }) => snapshot.title).join(', '));
}
