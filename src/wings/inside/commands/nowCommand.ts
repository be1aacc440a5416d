// The current state of a VM that runs, at one moment: a disk snapshot of ours, whose layers are merged again when its
// files were read. Both are operations of the core, with its plans, refusals and journal. What breaks off between them
// leaves a snapshot, which the next one deletes too: our own record tells it from others.
import { t } from '@vscode/l10n';
import { agreeTo } from '../../../cli/agree.js';
import { terminalAsker } from '../../../cli/carryOut.js';
import { CliError } from '../../../cli/commandError.js';
import type { Context } from '../../../cli/context.js';
import { asFailure } from '../../../domain/asFailure.js';
import type { OperationRequest } from '../../../domain/operation.js';
import { displayLine } from '../../../domain/plainText.js';
import type { Snapshot } from '../../../domain/snapshot.js';
import { freeTitle } from '../../../domain/snapshotName.js';
import type { VmRef } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { isLeft, markOfName } from '../../../journal/processMark.js';
import type { VmView } from '../../../live/views.js';
import { carryOut } from '../../../session/carryOut.js';
import { failureText } from '../../../text/failures/failureText.js';
import { commandFor } from '../../../text/ways.js';

/** Rejects with Failure `refused` where no such snapshot can be made; then nothing was. */
export async function withSnapshotOfNow<T>(
  context: Context,
  view: VmView,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  const { session, terminal } = context;
  const name = displayLine(view.vm.name);
  terminal.tell(t('Creates a disk snapshot of {0} now, and deletes it when its files were read.', name));
  await agreeTo(context, {
    lines: [],
    confirm: '',
    asks: false,
    // The answer for the delete at the end, which must not wait.
    ...(session.isProtected(view.vm) && { isProtected: name, typed: view.vm.name }),
  });
  const asker = { ...terminalAsker(context), agree: () => undefined };
  const wish = { unasked: true, keepsAll: true } as const;
  const request = await createRequest(context, view);
  const { result } = await carryOut(session, { view, request, ...wish }, asker);
  const snapshot = await session.snapshot(view, result.snapshot ?? '');
  let done: { readonly value: T } | undefined;
  try {
    done = { value: await work(snapshot) };
    return done.value;
  } finally {
    const left = await leftReadings(session.engine, view.ref).catch(() => []);
    for (const one of [snapshot.name, ...left.filter((other) => other !== snapshot.name)]) {
      const merge = { kind: 'delete', vm: view.ref, snapshot: one, scope: 'one' } as const;
      await carryOut(session, { view, request: merge, ...wish }, asker).catch((error: unknown) => {
        const why = failureText(asFailure(error)).sentence;
        const text = t(
          'The snapshot {0} could not be deleted. {1} Try again: {2}',
          displayLine(one),
          why,
          commandFor(['delete', name, displayLine(one)]),
        );
        if (done !== undefined && one === snapshot.name) {
          throw new CliError('failed', text);
        }
        // Why it was not read is the message.
        terminal.tell(text);
      });
    }
  }
}

/** Those that a killed program left; not what a person renamed, or marked as kept. The newest first. */
async function leftReadings(
  engine: Pick<EnginePort, 'keptSnapshots' | 'madeSnapshots'>,
  vm: VmRef,
): Promise<readonly string[]> {
  const kept = await engine.keptSnapshots(vm);
  const left: string[] = [];
  for (const { name, by, createdAt } of await engine.madeSnapshots(vm, 'reading')) {
    // Without one, the creation of the snapshot was interrupted.
    const mark = markOfName(by ?? '');
    const isOver = mark === undefined || (await isLeft(mark, () => Promise.resolve(Date.now() - createdAt)));
    if (isOver && !kept.includes(name)) {
      left.unshift(name);
    }
  }
  return left;
}

/** With file systems that the guest agent has frozen, where it does. */
async function createRequest({ session }: Context, { ref, vm }: VmView): Promise<OperationRequest> {
  const { snapshots } = await session.engine.readTree(ref);
  const request = {
    kind: 'create',
    vm: ref,
    snapshotKind: 'disk',
    style: 'external',
    title: freeTitle('To read files', snapshots),
    auto: 'reading',
  } as const;
  const quiesced = { ...request, quiesce: true };
  const mayQuiesce = vm.power === 'running' && vm.agentConnected;
  return mayQuiesce && (await session.engine.plan(quiesced)).kind === 'plan' ? quiesced : request;
}
