// Marks on snapshots: what is not to be deleted by rule, and the one of a VM that one command and one key go back to.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import { vmKey } from '../../../live/views.js';
import { askSeveral, type ListLine } from '../../prompts/ask.js';
import { CommandError, requireAnswer } from '../../prompts/commandError.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { type SnapshotTarget, targetSnapshots } from '../targets.js';

export const markCommands = {
  'virtRewind.mark': mark,
} satisfies CommandTable;

interface MarkedTarget extends SnapshotTarget {
  readonly isKept: boolean;
  readonly isFavourite: boolean;
}

/** What becomes so; absent: it stays as it is. */
type Marks = Readonly<Partial<Record<'keep' | 'favourite', boolean | undefined>>>;

/** Keeps snapshots, or makes one the favourite, or no longer: as given, or as ticked. */
async function mark(run: CommandRun): Promise<void> {
  const targets = await markedTargets(run, await targetSnapshots(run));
  const { keep, favourite } = argumentsOf(run.call);
  const marks = keep === undefined && favourite === undefined ? await askMarks(targets) : { keep, favourite };
  refuseFreeFavourite(targets, marks);
  // A favourite is kept as long as it is one: that mark goes first.
  const said = [...(await setFavourite(run, targets, marks)), ...(await setKept(run, targets, marks))];
  if (said.length > 0) {
    noteInStatusBar(said.join(' · '));
  }
}

function markedTargets(run: CommandRun, targets: readonly SnapshotTarget[]): Promise<readonly MarkedTarget[]> {
  return Promise.all(
    targets.map(async (target) => ({
      ...target,
      isKept: (await run.engine.keptSnapshots(target.view.ref)).includes(target.snapshot.name),
      isFavourite: (await run.engine.readFavourite(target.view.ref)) === target.snapshot.name,
    })),
  );
}

/** What is so now is ticked. */
async function askMarks(targets: readonly MarkedTarget[]): Promise<Marks> {
  const isKept = targets.every((one) => one.isKept);
  const isFavourite = targets.every((one) => one.isFavourite);
  const lines: readonly ListLine<'keep' | 'favourite'>[] = [
    { label: t('Keep'), description: t('never pruned'), isPicked: isKept, value: 'keep' },
    {
      label: t('Favourite'),
      description: t('reverted to with one click, always kept'),
      isPicked: isFavourite,
      value: 'favourite',
    },
  ];
  const ticked = requireAnswer(
    await askSeveral(targets.length === 1 ? lines : lines.slice(0, 1), titlesOf(targets), [], t('Marks of Snapshots')),
  );
  const keep = ticked.includes('keep');
  const favourite = ticked.includes('favourite');
  // A favourite that is none any more was kept as one: where Keep stays ticked, it gets a mark of its own.
  return {
    ...((keep !== isKept || (keep && isFavourite && !favourite)) && { keep }),
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
async function setKept(run: CommandRun, targets: readonly MarkedTarget[], { keep }: Marks): Promise<readonly string[]> {
  if (keep === undefined) {
    return [];
  }
  for (const { ref } of new Map(targets.map(({ view }) => [vmKey(view.ref), view])).values()) {
    const names = targets.filter(({ view }) => vmKey(view.ref) === vmKey(ref)).map(({ snapshot }) => snapshot.name);
    await run.engine.setKept(ref, names, keep ? 'kept' : 'free');
    run.problemPages.renew(ref);
  }
  return [keep ? t('Kept: {0}', titlesOf(targets)) : t('No longer kept: {0}', titlesOf(targets))];
}

function titlesOf(targets: readonly MarkedTarget[]): string {
  return displayLine(targets.map(({ snapshot }) => snapshot.title).join(', '));
}
