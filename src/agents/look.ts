// The tools that change nothing: what there is, what a guest shows, what differs, and waiting.
import { asFailure } from '../domain/asFailure.js';
import type { Wait } from '../domain/wait.js';
import { readStateComparison } from '../engine/comparedStates.js';
import type { VmView } from '../live/views.js';
import { disksOf } from '../session/disks.js';
import { guestPort, waitInSession } from '../session/guestInSession.js';
import { readInfos, snapshotInfos } from '../session/infos.js';
import { failureMessage } from '../text/failures/failureMessage.js';
import { permissionFor } from './guard.js';
import { markUntrusted, untrustedLine } from './guestText.js';
import { ToolRefusal } from './refusal.js';
import { stateSeen } from './stateSeen.js';
import { findSnapshotForAgent, requirePermittedVm, type ToolHandler, type ToolCall, usualSeconds } from './toolCall.js';

const mostVms = 200;
const mostSnapshots = 100;
const mostSteps = 30;
const mostDifferences = 50;
const mostConsoleBytes = 64 * 1024;
const mostPictureBytes = 6 * 1024 * 1024;

export const listVms: ToolHandler = async (work) => {
  const { session, tools } = work;
  const { views, unreachable } = await session.reachAll();
  const noteOn = await tools.readers.notes(session.folder, tools.log);
  const infos = await readInfos(session, views, tools.log);
  const vms = views.flatMap((view, at) => {
    const { name, uuid, state, snapshots, connection, protected: isProtected } = infos[at] ?? session.infoOf(view);
    const allowed = permissionFor(view.vm, session.settings.agentPermissions);
    return allowed === 'none'
      ? []
      : [
          {
            vm: name,
            uuid,
            state,
            snapshots,
            ...noteOn(view).brief,
            connection,
            you_may: isProtected ? 'look' : allowed,
            protected: isProtected,
          },
        ];
  });
  return {
    vms: vms.slice(0, mostVms),
    ...(vms.length > mostVms && { left_out: vms.length - mostVms }),
    ...(unreachable.length > 0 && {
      unreachable: unreachable.map(({ uri, failure }) => ({
        connection: uri,
        message: untrustedLine(failureMessage(failure)),
      })),
    }),
  };
};

export const describeVm: ToolHandler = async (work) => {
  const { session, tools } = work;
  const found = await requirePermittedVm(work, 'look');
  await session.engine.readTree(found.ref);
  // It is good without its sizes.
  const disks = await disksOf(session.engine, found).catch((error: unknown) => {
    tools.log.info(asFailure(error).line);
    return [];
  });
  const view = session.view(found);
  const infos = snapshotInfos(view);
  const { name, uuid, state, connection, protected: isProtected } = session.infoOf(view);
  const steps = await tools.checkpoints(session).of(view.ref);
  return {
    vm: name,
    uuid,
    state,
    connection,
    protected: isProtected,
    you_may: isProtected ? 'look' : permissionFor(view.vm, session.settings.agentPermissions),
    guest_agent: view.vm.agentConnected ? 'answers' : view.vm.agentChannel ? 'silent' : 'none',
    disks: disks.map(({ target, bytes }) => ({ disk: target, ...(bytes !== undefined && { bytes }) })),
    snapshots: infos.slice(-mostSnapshots).map(({ title, description, ...info }) => ({
      ...info,
      title: untrustedLine(title),
      ...(description !== '' && { description: untrustedLine(description) }),
    })),
    ...(infos.length > mostSnapshots && { older_snapshots_left_out: infos.length - mostSnapshots }),
    steps: steps.slice(-mostSteps).map((step) => ({
      step: step.step,
      ...(step.last > step.step && { to_step: step.last }),
      agent: untrustedLine(step.agent),
      before: step.name,
      can_go_back: infos.some((info) => info.name === step.name && Date.parse(info.createdAt) === step.createdAt),
    })),
    ...(await tools.readers.notes(session.folder, tools.log))(view).whole,
  };
};

export const compareVm: ToolHandler = async (work) => {
  const { session, tools, input } = work;
  const view = await requirePermittedVm(work, 'look');
  const [from, to] = await Promise.all(
    [input['from'], input['to']].map(async (name) =>
      typeof name === 'string' ? findSnapshotForAgent(work, view, name) : undefined,
    ),
  );
  if (from === undefined) {
    throw new ToolRefusal('invalid', 'The argument “from” is missing.');
  }
  const { differences, distances } = await readStateComparison(session.engine, view.ref, from, to, tools.log);
  return {
    vm: view.vm.name,
    from: from.name,
    to: to?.name ?? 'present',
    hardware: differences.slice(0, mostDifferences),
    ...(differences.length > mostDifferences && { left_out: differences.length - mostDifferences }),
    // At most so many bytes, in whole clusters.
    disks: distances ?? 'unknown',
  };
};

export const readConsole: ToolHandler = async (work) => {
  const { session, input, signal } = work;
  const { ref, vm } = await requirePermittedVm(work, 'look');
  const line = await session.engine.guests.consoleOf(ref);
  try {
    const stream = await line.open('ifFree');
    if (stream === undefined) {
      throw new ToolRefusal('notRunning', `${vm.name} is off, so its console shows nothing.`);
    }
    const end = AbortSignal.any([signal, AbortSignal.timeout(secondsOf(input, usualSeconds.read_console) * 1_000)]);
    const pieces: Uint8Array[] = [];
    let size = 0;
    const stop = (): void => void stream.destroy();
    end.addEventListener('abort', stop, { once: true });
    try {
      for await (const piece of stream as AsyncIterable<Uint8Array>) {
        pieces.push(piece);
        size += piece.length;
        if (size > mostConsoleBytes) {
          break;
        }
      }
    } catch (error) {
      if (!end.aborted) {
        throw error;
      }
    } finally {
      end.removeEventListener('abort', stop);
      stream.destroy();
    }
    return { vm: vm.name, console: markUntrusted(new TextDecoder().decode(Buffer.concat(pieces))) };
  } finally {
    line.dispose();
  }
};

export const takeScreenshot: ToolHandler = async (work) => {
  const view = await requirePermittedVm(work, 'look');
  const { ref, vm } = view;
  // Before the picture: what is done to the VM meanwhile was not seen.
  const seen = await stateSeen(work, view);
  const picture = await work.session.engine.guests.screenshotOf(ref);
  if (picture.length > mostPictureBytes) {
    throw new ToolRefusal('tooMuch', `The picture of ${vm.name} is larger than ${mostPictureBytes} bytes.`);
  }
  work.tools.looked.set(ref.uuid, seen);
  return { picture };
};

export const waitForVm: ToolHandler = async (work) => {
  const { session, input, signal } = work;
  const view = await requirePermittedVm(work, 'look');
  const { vm } = view;
  const wanted = await waitOf(work, view);
  if (wanted === 'late') {
    return {
      vm: vm.name,
      reached: false,
      why: 'Its host knows no IP address of the VM, and one that only the guest agent names is not used.',
    };
  }
  const { outcome } = await waitInSession(session, wanted, signal);
  signal.throwIfAborted();
  return {
    vm: vm.name,
    waited_for: input['port'] === undefined ? wanted.what : `port ${String(input['port'])}`,
    reached: outcome === 'there',
    ...(outcome === 'noAgent' && { why: 'The VM has no channel for a guest agent. Wait for a port of it instead.' }),
    ...(outcome === 'late' && { why: 'Time limit reached.' }),
  };
};

/** Waits for a port of the VM alone: an agent gets no way to look through a network. */
async function waitOf({ session, input, signal }: ToolCall, view: VmView): Promise<Wait | 'late'> {
  const atMostMs = secondsOf(input, usualSeconds.wait_for_vm) * 1_000;
  const port = input['port'];
  if (typeof port !== 'number') {
    const what = input['for'];
    return {
      what: what === 'off' || what === 'running' ? what : 'agent',
      vm: view.ref.uuid,
      connection: view.ref.connection,
      atMostMs,
    };
  }
  // What leads into a network where nobody else is may have to be opened first, in QEMU.
  if ((await session.engine.guests.networksOf(view.ref)).length === 0) {
    await requirePermittedVm({ session, input }, 'act');
  }
  const found = await guestPort(session, view, port, atMostMs, signal, 'byHost');
  signal.throwIfAborted();
  return found === 'stopped' ? 'late' : found;
}

export function secondsOf(input: ToolCall['input'], usual: number): number {
  const { seconds } = input;
  return typeof seconds === 'number' ? seconds : usual;
}
