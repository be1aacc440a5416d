// VMs are made of others, lent for a while, and thrown away again.
import { t } from '@vscode/l10n';
import { cloneWays } from '../../../domain/clone.js';
import { cloneRequest, makeClone } from '../../../engine/clones.js';
import { forkVm, type Forks, type ForkWish, planForkPoint } from '../../../engine/forks.js';
import { Failure } from '../../../domain/failure.js';
import type { OperationRequest } from '../../../domain/operation.js';
import { displayLine } from '../../../domain/plainText.js';
import { findSnapshot, childrenOf } from '../../../domain/snapshotTree.js';
import type { VmRef } from '../../../domain/vm.js';
import { type VmView, vmKey } from '../../../live/views.js';
import {
  askCloneName,
  askCount,
  inSteps,
  pickBeginning,
  pickNetwork,
  pickStay,
  pickWay,
} from '../../prompts/askClone.js';
import { noteInStatusBar, notify, notifyProgress } from '../../prompts/notify.js';
import { pickSnapshot } from '../../prompts/pickTarget.js';
import { seamlessWish } from '../../readSettings.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { existingVm, operate, operateConfirmed, type OperateOptions, planIn } from '../operate.js';
import { operateAll } from '../operateAll.js';
import { refuseAlike, refuseFirst, refuseInside } from '../refuseFirst.js';
import { showFailure } from '../runCommand.js';
import { endSandbox } from './endSandbox.js';
import { isCalledOnSnapshot, targetSnapshot, targetVm, targetVms } from '../targets.js';
import { refuseSilent } from '../unreachableConnection.js';
import * as vscode from 'vscode';
import type { Snapshot } from '../../../domain/snapshot.js';

/** As forks call the one that they take: one that a person made for them stays unasked about. */
const ownTitle = /^Fork point(?: \d+)?$/u;

/** @param gone clones that were thrown away, as they were. Waits for nobody */
function offerForkPoints(run: CommandRun, gone: readonly VmView[]): void {
  const parents = gone.flatMap(({ ref, vm }) => {
    const view = vm.clone && run.engine.findVm({ ...ref, uuid: vm.clone.of });
    return view && vm.clone.snapshot !== undefined ? [{ view, snapshot: vm.clone.snapshot }] : [];
  });
  const distinct = new Map(parents.map((one) => [`${vmKey(one.view.ref)} ${one.snapshot}`, one]));
  for (const { view, snapshot } of distinct.values()) {
    offer(run, view, snapshot).catch((error: unknown) => showFailure(run.log, 'virtRewind.discardClone', error));
  }
}

async function offer(run: CommandRun, { ref, vm }: VmView, name: string): Promise<void> {
  const tree = await run.engine.readTree(ref);
  const found: Snapshot | undefined = tree.snapshots.find((one) => one.name === name);
  const beside = run.engine.connections.find(({ uri }) => uri === ref.connection)?.vms ?? [];
  const isUsed = beside.some(({ vm: { clone } }) => clone?.of === ref.uuid && clone.snapshot === name);
  if (found === undefined || !ownTitle.test(found.title) || isUsed || childrenOf(tree, name).length > 0) {
    return;
  }
  const button = t('Delete…');
  const message = t(
    'The snapshot {1} is no longer used by any fork of {0}.',
    displayLine(vm.name),
    displayLine(found.title),
  );
  if ((await notify('info', message, button)) === button) {
    const given = { vm: ref.uuid, connection: ref.connection, snapshot: name };
    await vscode.commands.executeCommand('virtRewind.deleteSnapshot', given);
  }
}

export const cloneCommands = {
  'virtRewind.cloneVm': cloneVm,
  'virtRewind.forkVm': fork,
  'virtRewind.sandbox': sandbox,
  'virtRewind.discardClone': discardClone,
} satisfies CommandTable;

type DiscardRequest = Extract<OperationRequest, { kind: 'discard' }>;

/**
 * A new VM from a snapshot, or from the current state of one that is off. Asks what is not given; With a given name, it
 * asks only for what has no default.
 */
async function cloneVm(run: CommandRun): Promise<{ readonly vm: string; readonly uuid: string }> {
  const { engine } = run;
  const given = argumentsOf(run.call);
  const asks = given.name === undefined;
  const { view, snapshot } = await beginning(run, asks);
  const taken = namesBeside(run, view);
  const wish = { ...(snapshot !== undefined && { snapshot }), ...(given.way !== undefined && { way: given.way }) };
  const first = cloneRequest(engine, view.ref, wish);
  if (given.way !== undefined && asks) {
    await refuseFirst(run, first);
  }
  const step = inSteps([given.way, given.name, given.network].filter((one) => one === undefined).length);
  const { way } = given.way === undefined && asks ? await chosenWay(run, view, first, step) : first;
  const name = given.name ?? (await askCloneName(view, taken, 'clone', step));
  const network = given.network ?? (asks ? await pickNetwork(view, 'clone', step) : 'same');
  const stay = given.disposable === true && { disposable: true as const };
  const request = { ...first, way, network, ...stay, clone: { ...first.clone, name } };
  const show = run.tree.focus.followNewVm();
  const ref = await makeClone(forkMaker(run), request);
  show(ref);
  return { vm: name, uuid: ref.uuid };
}

async function beginning(
  run: CommandRun,
  asks: boolean,
): Promise<{ readonly view: VmView; readonly snapshot: string | undefined }> {
  if (isCalledOnSnapshot(run)) {
    const { view, snapshot } = await targetSnapshot(run);
    return { view, snapshot: snapshot.name };
  }
  const view = await targetVm(run);
  const { snapshots } = await run.engine.readTree(view.ref);
  if (asks) {
    await refuseInside(run, view, snapshots);
  }
  return { view, snapshot: asks ? await pickBeginning(view, snapshots) : undefined };
}

type CloneRequest = ReturnType<typeof cloneRequest>;

async function chosenWay(
  run: CommandRun,
  view: VmView,
  request: CloneRequest,
  step: ReturnType<typeof inSteps>,
): Promise<CloneRequest> {
  refuseSilent(run.engine, view.ref);
  const decided = await run.engine.decide(cloneWays.map((way) => ({ ...request, way })));
  refuseAlike(run, decided);
  const chosen = await pickWay(view, decided, step);
  planIn(run, chosen);
  return chosen.request;
}

/** VMs that go on beside one that runs, from this moment or from a snapshot with RAM. */
async function fork(run: CommandRun): Promise<{ readonly snapshot: string; readonly forks: readonly string[] }> {
  const { view, snapshot } = await moment(run);
  const given = argumentsOf(run.call);
  const asks = given.count === undefined;
  const wish = { ...(snapshot !== undefined && { snapshot }), ...seamlessWish() };
  // In a network that nobody else is in, there is nothing to choose.
  const isAlone = asks && snapshot === undefined && (await run.engine.guests.networksOf(view.ref)).length === 0;
  const unasked = [given.count, given.name, given.network ?? (isAlone ? 'same' : undefined), given.disposable];
  const step = inSteps(unasked.filter((one) => one === undefined).length);
  const count = given.count ?? (await askCount(view, await planPoint(run, view, wish), step));
  const name = given.name ?? (asks ? await askCloneName(view, namesBeside(run, view), 'fork', step, count) : undefined);
  const network = given.network ?? (asks && !isAlone ? await pickNetwork(view, 'fork', step) : undefined);
  const goes = given.disposable ?? (asks && (await pickStay(view, step)) === 'goes');
  const show = run.tree.focus.followNewVm();
  const made = await makeForks(run, view, {
    ...wish,
    count,
    ...(network !== undefined && { network }),
    ...(goes && { disposable: true }),
    ...(name !== undefined && { name }),
  });
  const names = made.children.map((ref) => existingVm(run, ref).vm.name);
  const [parent, these] = [displayLine(view.vm.name), names.join(', ')];
  const running = `${t('{0} and these forks are running: {1}', parent, these)}.`;
  const [first] = made.children;
  if (first !== undefined) {
    show(first);
    // The status bar has no room for the names, and a message without a button is one line.
    const button = t('Open Console');
    void notify('info', snapshot === undefined ? `${running} ${stays(run, view.ref, made.snapshot)}` : running, button)
      .then((pressed) =>
        pressed === button
          ? vscode.commands.executeCommand('virtRewind.openConsole', { vm: first.uuid, connection: first.connection })
          : undefined,
      )
      .then(undefined, (reason: unknown) => showFailure(run.log, 'virtRewind.openConsole', reason));
  }
  return { snapshot: made.snapshot, forks: names };
}

/** Before the first question. */
function planPoint(run: CommandRun, { ref }: VmView, wish: ForkWish): ReturnType<typeof planForkPoint> {
  refuseSilent(run.engine, ref);
  return planForkPoint(run.engine, ref, wish);
}

/** The snapshot that was created for forks. */
function stays({ engine }: CommandRun, ref: VmRef, name: string): string {
  const view = engine.findVm(ref);
  const snapshot = view?.tree && findSnapshot(view.tree, name);
  return t(
    'The snapshot “{0}” stays on {1} until you delete it.',
    displayLine(snapshot?.title ?? name),
    displayLine(view?.vm.name ?? ''),
  );
}

/** Asks for a snapshot where the VM does not run. */
async function moment(run: CommandRun): Promise<{ readonly view: VmView; readonly snapshot: string | undefined }> {
  if (isCalledOnSnapshot(run)) {
    const { view, snapshot } = await targetSnapshot(run);
    return { view, snapshot: snapshot.name };
  }
  const view = await targetVm(run, ({ vm }) => vm.power === 'running');
  if (view.vm.power === 'running') {
    return { view, snapshot: undefined };
  }
  const { snapshots } = await run.engine.readTree(view.ref);
  const warm = snapshots.filter(({ memory, state }) => memory.location === 'external' && state === 'running');
  if (warm.length === 0) {
    return { view, snapshot: undefined };
  }
  const chosen = await pickSnapshot(view, { snapshots: warm }, t('Select a snapshot'));
  return { view, snapshot: chosen.name };
}

function makeForks(run: CommandRun, view: VmView, wish: ForkWish): Thenable<Forks> {
  return notifyProgress(t('Virt Rewind: Forking {0}', view.vm.name), true, (report, cancellation) =>
    forkVm(forkMaker(run, { quiet: 'all', cancellation }), view.ref, {
      ...wish,
      onMade: (number, of) => report(t('{0} of {1}', number + 1, of), 100 / of),
    }),
  );
}

/**
 * A fork of a VM that runs, a linked clone of one that is off or of a snapshot, which is started; its console is
 * opened, and it goes when that is closed.
 */
async function sandbox(run: CommandRun): Promise<{ readonly vm: string; readonly uuid: string }> {
  const { engine } = run;
  const { view, snapshot } = isCalledOnSnapshot(run)
    ? await targetSnapshot(run).then((target) => ({
        ...target,
        snapshot: target.snapshot.name,
      }))
    : { view: await targetVm(run), snapshot: undefined };
  const { name } = argumentsOf(run.call);
  const wish = { ...(snapshot !== undefined && { snapshot }), ...(name !== undefined && { name }) };
  const isFork = view.vm.power === 'running' && snapshot === undefined;
  const { ref, point } = isFork
    ? await onlyFork(run, view, wish)
    : { ref: await startedClone(run, view, wish), point: undefined };
  const lent = existingVm(run, ref);
  await run.consoles.show(lent, () => {
    endSandbox(engine, ref, lent.vm.name).then(
      (isGone) => (isGone ? offerForkPoints(run, [lent]) : undefined),
      (error: unknown) => showFailure(run.log, 'virtRewind.sandbox', error),
    );
  });
  run.tree.focus.showVm(ref);
  const end = t('{0} is deleted when you close its console.', displayLine(lent.vm.name));
  if (point === undefined) {
    noteInStatusBar(end);
  } else {
    void notify('info', `${end} ${point}`);
  }
  return { vm: lent.vm.name, uuid: ref.uuid };
}

interface SandboxWish {
  readonly snapshot?: string;
  readonly name?: string;
}

async function onlyFork(
  run: CommandRun,
  view: VmView,
  wish: SandboxWish,
): Promise<{ readonly ref: VmRef; readonly point: string }> {
  const { children, snapshot } = await makeForks(run, view, {
    ...wish,
    ...seamlessWish(),
    count: 1,
    network: 'unplugged',
    disposable: true,
  });
  const [child] = children;
  if (child === undefined) {
    throw new Failure('failed', { vm: view.vm.name });
  }
  return { ref: child, point: stays(run, view.ref, snapshot) };
}

async function startedClone(run: CommandRun, view: VmView, wish: SandboxWish): Promise<VmRef> {
  const request = cloneRequest(run.engine, view.ref, { ...wish, network: 'unplugged', disposable: true });
  const ref = await makeClone(forkMaker(run), request);
  try {
    await operate(run, { kind: 'power', vm: ref, action: 'start' });
  } catch (error) {
    await endSandbox(run.engine, ref, request.clone.name);
    throw error;
  }
  return ref;
}

/** With all files that were made for them. */
async function discardClone(run: CommandRun): Promise<unknown> {
  const views = await targetVms(run, ({ vm }) => vm.clone !== undefined);
  const requests = views.map(({ ref }): DiscardRequest => ({ kind: 'discard', vm: ref }));
  const [only, ...others] = requests;
  const result =
    only !== undefined && others.length === 0
      ? await operateConfirmed(run, only)
      : await operateAll(run, requests, {
          title: (count) => t('Delete {0}?', count === 1 ? t('1 clone') : t('{0} clones', count)),
          confirm: (count) => (count === 1 ? t('Delete Clone') : t('Delete {0} Clones', count)),
          done: ({ length: count }) =>
            count === 1
              ? t('Deleted {0} and its files.', t('1 clone'))
              : t('Deleted {0} clones and their files.', count),
          when: 'always',
        });
  offerForkPoints(run, views);
  return result;
}

function namesBeside({ engine }: CommandRun, { ref }: VmView): ReadonlySet<string> {
  const beside = engine.connections.find(({ uri }) => uri === ref.connection)?.vms ?? [];
  return new Set(beside.map(({ vm }) => vm.name));
}

type ForkMaker = Parameters<typeof forkVm>[0];

/** What is made is shown and asked for as any operation; what goes again because it could not be made whole is not. */
function forkMaker(run: CommandRun, options: OperateOptions = {}): ForkMaker {
  const { engine } = run;
  return {
    get connections() {
      return engine.connections;
    },
    decide: (requests) => engine.decide(requests),
    findVm: (ref) => engine.findVm(ref),
    readTree: (ref) => engine.readTree(ref),
    refresh: (what) => engine.refresh(what),
    usesSinceMade: (ref, made) => engine.usesSinceMade(ref, made),
    guests: engine.guests,
    runOperation: (request, given) =>
      request.kind === 'discard' ? engine.runOperation(request, given) : operate(run, request, options),
  };
}
