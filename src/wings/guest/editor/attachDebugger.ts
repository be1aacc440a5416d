// Lets debuggers of this editor attach to a VM: gives them an address, which a launch configuration can ask for, and
// starts their sessions again when a revert of this window has ended them.
import * as vscode from 'vscode';
import { t } from '@vscode/l10n';
import type { Log } from '../../../base/log.js';
import { sameVm, isActive } from '../../../domain/vm.js';
import type { EnginePort } from '../../../engine/enginePort.js';
import { type VmView, vmKey } from '../../../live/views.js';
import { argumentsOf } from '../../../ui/commands/commandArguments.js';
import type { CommandRun } from '../../../ui/commands/commandServices.js';
import { askNameOfProtected, mustConfirm } from '../../../ui/commands/consent.js';
import { targetVm } from '../../../ui/commands/targets.js';
import { askQuestion } from '../../../ui/prompts/askQuestion.js';
import { requireAnswer } from '../../../ui/prompts/commandError.js';
import { notify } from '../../../ui/prompts/notify.js';
import { failureMessage } from '../../../text/failures/failureMessage.js';
import { DebugRelay } from '../debug/debugRelay.js';
import { openRelays } from './openRelays.js';

/** @returns the address alone, so that it can stand in a launch configuration */
export async function attachDebugger(run: CommandRun): Promise<string> {
  const { snapshot, after, checkpointFirst, confirm } = argumentsOf(run.call);
  const found = await targetVm(run, ({ vm }) => isActive(vm.power));
  const { ref, vm } = found;
  if (snapshot !== undefined) {
    const wish = { vm: ref.uuid, connection: ref.connection, snapshot, after, checkpointFirst, confirm };
    const done = await vscode.commands.executeCommand<object | undefined>('virtRewind.revert', wish);
    requireAnswer(done);
  }
  const view = run.engine.findVm(ref) ?? found;
  await askNameOfProtected(run, view, { kind: 'power', action: 'pause', vm: ref });
  await askOnce(run, view);
  const key = vmKey(ref);
  const relay = openRelays.get(key) ?? (await DebugRelay.open(run.engine, view, run.log));
  if (!openRelays.has(key)) {
    openRelays.set(key, relay);
    relay.onDidFail((failure) => void notify('warning', `${vm.name}: ${failureMessage(failure)}`));
    followSessions(relay, view, run);
  }
  if (run.call.kind !== 'program') {
    void offer(relay, key, vm.name);
  }
  return relay.address;
}

async function askOnce(run: CommandRun, { ref, vm }: VmView): Promise<void> {
  const key = `debugger:${ref.uuid}`;
  if (!mustConfirm(run) || run.remembered.get<unknown>(key) === true) {
    return;
  }
  await askQuestion({
    title: t('Let debuggers attach to {0}?', vm.name),
    lines: [
      t(
        'The VM stops when a debugger attaches, and goes on when it detaches or ends. libvirt marks the VM as tainted (custom-monitor) until it is off.',
      ),
    ],
    details: '',
    confirm: t('Allow'),
    isCalm: true,
  });
  await run.remembered.update(key, true);
}

async function offer(relay: DebugRelay, key: string, name: string): Promise<void> {
  const [copy, close] = [t('Copy Address'), t('Close')];
  const pressed = await notify('info', t('Debuggers reach {0} at {1}.', name, relay.address), copy, close);
  if (pressed === copy) {
    await vscode.env.clipboard.writeText(relay.address);
  } else if (pressed === close) {
    openRelays.delete(key);
    await relay.close();
  }
}

interface Following {
  readonly engine: EnginePort;
  readonly log: Log;
}

/** As long as the window is open: one knows a session of the VM by the address in its configuration. */
function followSessions(relay: DebugRelay, view: VmView, { engine, log }: Following): void {
  const sessions = new Set<vscode.DebugSession>();
  const speaksOf = JSON.stringify(relay.address).slice(1, -1);
  const following = vscode.Disposable.from(
    vscode.debug.onDidStartDebugSession((session) => {
      if (JSON.stringify(session.configuration).includes(speaksOf)) {
        sessions.add(session);
      }
    }),
    vscode.debug.onDidTerminateDebugSession((session) => sessions.delete(session)),
    relay.onDidBreak(() => {
      const broken = [...sessions];
      sessions.clear();
      startAgain(broken, view, engine).catch((error: unknown) => log.error(String(error)));
    }),
    relay.onDidClose(() => {
      following.dispose();
    }),
  );
}

async function startAgain(
  sessions: readonly vscode.DebugSession[],
  { ref }: VmView,
  engine: EnginePort,
): Promise<void> {
  if (engine.findVm(ref)?.operation?.request.kind !== 'revert') {
    return;
  }
  await new Promise<void>((resolve) => {
    const changes = engine.onDidChange(({ vm }) => {
      if (vm !== undefined && sameVm(vm, ref) && engine.findVm(ref)?.operation === undefined) {
        changes.dispose();
        resolve();
      }
    });
  });
  const now = engine.findVm(ref);
  if (now === undefined || !isActive(now.vm.power)) {
    return;
  }
  for (const session of sessions) {
    // Most debuggers have seen that their server is gone, and ended.
    await vscode.debug.stopDebugging(session).then(undefined, () => undefined);
    const { preLaunchTask: _, ...configuration } = session.configuration;
    await vscode.debug.startDebugging(session.workspaceFolder, configuration);
  }
}
