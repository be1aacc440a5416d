// Snapshots are taken, named and described.
import { t } from '@vscode/l10n';
import type { VmView } from '../../../live/views.js';
import { readSettings, seamlessWish } from '../../readSettings.js';
import type { OperationRequest, OperationResult } from '../../../domain/operation.js';
import type { SnapshotTree, SnapshotStyle } from '../../../domain/snapshot.js';
import { styleOfVm } from '../../../domain/snapshotTree.js';
import { type VmRef, snapshotableDisks } from '../../../domain/vm.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import {
  type QuestionStep,
  askDescription,
  askDescriptionAndDate,
  askTitle,
  disksTitle,
  kindTitle,
} from '../../prompts/askTitle.js';
import { operate, existingVm } from '../operate.js';
import type { Plan } from '../../../operations/plan.js';
import { pickKind } from './pickKind.js';
import { pickSeveral } from '../../prompts/pickTarget.js';
import { refuseFirst } from '../refuseFirst.js';
import { rowOfCall, targetVm, targetVms, targetSnapshot, activeOrPickedVm, sayTarget } from '../targets.js';
import { readTrees } from '../severalVms.js';
import { suggestTitle, checkpointTitle } from '../../../domain/titleSuggestion.js';
import { notify } from '../../prompts/notify.js';
import { operateAgreed, operateAll } from '../operateAll.js';
import { doneText } from '../../../text/operations/operationText.js';
import { tellOfMark } from './markNotice.js';
import { showFailure } from '../runCommand.js';
import { givenUntil, startDatesTimer } from './untilCommands.js';
import { gitReference } from './gitReference.js';
import { renameSystem } from '../systems/systemCommands.js';
import { checkpoint } from '../systems/systemOperations.js';
import { vmCountText } from '../../../text/words.js';

export const snapshotCommands = {
  'virtRewind.createSnapshot': {
    vms: createSnapshot,
    several: createOnEach,
    system: (run) => checkpoint(run, 'asked'),
  },
  'virtRewind.quickCheckpoint': { vms: quickCheckpoint, system: (run) => checkpoint(run, 'suggested') },
  'virtRewind.editDescription': editDescription,
  'virtRewind.renameSnapshot': { vms: renameSnapshot, system: renameSystem },
} satisfies CommandTable;

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;

/** Asks for the kind, the title and a description, as far as they are not given. */
async function createSnapshot(run: CommandRun): Promise<unknown> {
  const given = argumentsOf(run.call);
  const view = await targetVm(run);
  const tree = await run.engine.readTree(view.ref);
  const git = gitReference();
  const suggestion = suggestTitle(git, tree.snapshots, new Date());
  const style = given.style === undefined ? styleFor(tree) : { style: given.style };
  const draft: Omit<CreateRequest, 'snapshotKind'> = {
    kind: 'create',
    vm: view.ref,
    title: given.title ?? suggestion,
    ...style,
    ...(given.quiesce !== undefined && { quiesce: given.quiesce }),
    ...(given.live !== undefined && { live: given.live }),
    ...(given.live !== true && seamlessWish()),
    ...(given.without !== undefined && { without: given.without }),
    ...(git !== undefined && { git }),
  };
  // Steps are counted where all are asked; that disks may stay out is seen by the kind, or by what the VM has already.
  const asks = given.kind === undefined && given.title === undefined && given.description === undefined;
  const asking = (at: number, of: number): QuestionStep => ({
    vm: view.vm.name,
    ...(asks && { step: [at, of] as const }),
  });
  const isExternal = (style.style ?? styleOfVm(tree)) === 'external';
  const mayAskDisks = isExternal && given.without === undefined && snapshotableDisks(view.vm).length > 1;
  const chosen: { readonly request: CreateRequest; readonly plan?: Plan; readonly note?: string | undefined } =
    given.kind === undefined
      ? await pickKind(run, view, tree, draft, kindTitle(asking(1, mayAskDisks ? 4 : 3)))
      : { request: { ...draft, snapshotKind: given.kind } };
  if (given.kind !== undefined && (given.title === undefined || given.description === undefined)) {
    await refuseFirst(run, chosen.request);
  }
  const taking = given.without === undefined ? disksToAsk(chosen.plan) : [];
  const steps = taking.length > 0 ? 4 : 3;
  const chosenOut = chosen.request.without ?? [];
  const without =
    given.without ??
    (steps === 3 ? chosenOut : [...chosenOut, ...(await askWithout(view, taking, disksTitle(asking(2, steps))))]);
  const title =
    given.title ?? (await askTitle(suggestion, tree.snapshots, { ...asking(steps - 1, steps), note: chosen.note }));
  // Who gives the title and no description wants none.
  const dated = givenUntil(run);
  const asked: { readonly description: string; readonly until?: number } =
    given.description === undefined && given.title === undefined
      ? await askDescriptionAndDate('', asking(steps, steps), dated === undefined)
      : { description: given.description ?? '' };
  const { description, until = dated } = asked;
  const follow = run.tree.focus.follow({ ref: view.ref, row: rowOfCall(run) });
  const request = {
    ...chosen.request,
    title,
    ...(without.length > 0 && { without }),
    ...(description !== '' && { description }),
    ...(until !== undefined && { until }),
  };
  await tellOfMark(run, [request]);
  const result = await operate(run, request);
  follow(result.snapshot);
  await (until === undefined ? undefined : startDatesTimer(run));
  return result;
}

/** One title for all; of each VM the best kind for what it does. */
async function createOnEach(run: CommandRun, views: readonly VmView[]): Promise<readonly OperationResult[]> {
  const { read } = await readTrees(run, views);
  const taken = read.flatMap(({ tree }) => tree.snapshots);
  const title = await askTitle(suggestTitle(gitReference(), taken, new Date()), taken, {
    vm: t('{0} VMs', views.length),
  });
  return checkpointEach(run, views, () => title);
}

/** Only where disks can stay out: in an external snapshot, of a VM with several. */
function disksToAsk(plan: Plan | undefined): readonly string[] {
  const step = plan?.steps.find((one) => one.kind === 'createSnapshot');
  return step?.style !== 'external' || step.disks.length < 2 ? [] : step.disks.map(({ target }) => target);
}

async function askWithout(view: VmView, taking: readonly string[], title: string): Promise<readonly string[]> {
  const kept = await pickSeveral(
    view.vm.disks
      .filter(({ target }) => taking.includes(target))
      .map(({ target, source = '' }) => ({ label: target, description: source, value: target })),
    t('Select the disks to include in the snapshot'),
    title,
  );
  return taking.filter((target) => !kept.includes(target));
}

/** What the setting says of a VM that has no style of its own yet. */
export function styleFor(tree: SnapshotTree): { readonly style?: SnapshotStyle } {
  const { snapshotStyle } = readSettings();
  return tree.snapshots.length > 0 || snapshotStyle === 'auto' ? {} : { style: snapshotStyle };
}

/** The request for a checkpoint of the best kind for the VM's state. */
export async function checkpointRequest(
  { engine }: Pick<CommandRun, 'engine'>,
  vm: VmRef,
  titleIn: (tree: SnapshotTree) => string,
): Promise<CreateRequest> {
  const git = gitReference();
  const tree = await engine.readTree(vm);
  return {
    kind: 'create',
    vm,
    snapshotKind: 'auto',
    title: titleIn(tree),
    ...styleFor(tree),
    ...seamlessWish(),
    ...(git !== undefined && { git }),
  };
}

/** A snapshot without a question; can be undone. */
async function quickCheckpoint(run: CommandRun): Promise<unknown> {
  const views = run.call.kind === 'rows' ? await targetVms(run) : [await activeOrPickedVm(run)];
  const titleIn = ({ snapshots }: SnapshotTree): string => checkpointTitle(snapshots, new Date());
  const [view, ...others] = views;
  if (others.length > 0) {
    return checkpointEach(run, views, titleIn);
  }
  sayTarget(run, view.vm.name);
  const only = await checkpointRequest(run, view.ref, titleIn);
  await tellOfMark(run, [only]);
  // What a program does is no reason to show it.
  const follow = run.call.kind === 'program' ? undefined : run.tree.focus.follow({ ref: only.vm, row: rowOfCall(run) });
  const result = await operate(run, only, { quiet: 'result' });
  follow?.(result.snapshot);
  offerUndo(run, [only], [result], doneText(only, result, existingVm(run, only.vm).vm.name, only.title));
  return result;
}

/** A VM that cannot be read stops no other. */
async function checkpointEach(
  run: CommandRun,
  views: readonly VmView[],
  titleIn: (tree: SnapshotTree) => string,
): Promise<readonly OperationResult[]> {
  const { read, leftOut } = await readTrees(run, views);
  const requests = await Promise.all(read.map(({ view: { ref } }) => checkpointRequest(run, ref, titleIn)));
  await tellOfMark(run, requests);
  const results = await operateAgreed(run, { requests, leftOut });
  offerUndo(run, requests, results, t('Created checkpoints of {0}.', vmCountText(results.length)));
  return results;
}

/** Undo deletes the checkpoints again: exactly those, by the names that libvirt gave back. */
function offerUndo(
  run: CommandRun,
  requests: readonly OperationRequest[],
  results: readonly OperationResult[],
  message: string,
): void {
  const undo = t('Undo');
  const deletes = requests.flatMap(({ vm }, index) => {
    const snapshot = results[index]?.snapshot;
    return snapshot === undefined ? [] : [{ kind: 'delete', vm, snapshot, scope: 'one' } as const];
  });
  void notify('info', message, undo)
    .then(async (button) => {
      const [only, ...others] = deletes;
      if (button === undo && only !== undefined) {
        const { focus } = run.tree;
        const stands = focus.selection.some((row) => row.kind === 'snapshot' && row.snapshot === only.snapshot);
        const leave = stands ? focus.followNeighbour({ ref: only.vm }, new Set([only.snapshot])) : undefined;
        await (others.length === 0 ? operate(run, only) : operateAll(run, deletes)).finally(leave);
      }
    })
    .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.quickCheckpoint', reason));
}

/** Changes the description of a snapshot, and the title where one is given; its name stays. */
async function editDescription(run: CommandRun): Promise<OperationResult> {
  const { view, snapshot } = await targetSnapshot(run);
  const given = argumentsOf(run.call);
  const title = given.title ?? snapshot.title;
  // Who gives a title wants the description as it is.
  const kept = given.title === undefined ? undefined : snapshot.description;
  const request = { kind: 'describe', vm: view.ref, snapshot: snapshot.name, title } as const;
  if (given.description === undefined && kept === undefined) {
    await refuseFirst(run, { ...request, description: snapshot.description });
  }
  const description = given.description ?? kept ?? (await askDescription(snapshot.description, { vm: view.vm.name }));
  return operate(run, { ...request, description });
}

/** Another name where libvirt can hold it, else another title. */
async function renameSnapshot(run: CommandRun): Promise<OperationResult> {
  const { view, snapshot } = await targetSnapshot(run);
  const others = (view.tree?.snapshots ?? []).filter(({ name }) => name !== snapshot.name);
  const request = { kind: 'rename', vm: view.ref, snapshot: snapshot.name } as const;
  const { title: given } = argumentsOf(run.call);
  if (given === undefined) {
    await refuseFirst(run, { ...request, title: snapshot.title });
  }
  const title = given ?? (await askTitle(snapshot.title, others, { vm: view.vm.name }));
  const follow = run.tree.focus.follow({ ref: view.ref, row: rowOfCall(run) });
  const result = await operate(run, { ...request, title });
  follow(result.snapshot);
  return result;
}
