// Told once, before it is done for the first time: that libvirt marks a VM whose QEMU is asked to write the RAM while
// the guest runs on. Nothing waits for an answer; a person who does not want it says so.
import { t } from '@vscode/l10n';
import { displayLine } from '../../../domain/plainText.js';
import type { OperationRequest } from '../../../domain/operation.js';
import { bytesText } from '../../../text/bytesText.js';
import { notify } from '../../prompts/notify.js';
import { writeSetting } from '../../readSettings.js';
import type { CommandRun } from '../commandServices.js';
import { existingVm } from '../operate.js';
import { showFailure } from '../runCommand.js';

type CreateRequest = Extract<OperationRequest, { kind: 'create' }>;

const key = 'virtRewind.toldOfMark';

/** Asks no QEMU, and nobody where libvirt is too old for it. */
export async function tellOfMark(run: CommandRun, requests: readonly CreateRequest[]): Promise<void> {
  const { engine, remembered, log } = run;
  if (remembered.get<unknown>(key) === true) {
    return;
  }
  for (const request of requests) {
    const { vm: ref } = request;
    const { capabilities } = engine.connections.find(({ uri }) => uri === ref.connection) ?? {};
    if (request.seamless !== true || capabilities?.externalRevert !== true) {
      continue;
    }
    const decision = await engine.plan(request);
    const isMeant =
      decision.kind === 'plan' &&
      decision.warnings.some(({ kind }) => kind === 'mayBeKeptWhileRunning' || kind === 'keptWhileRunning');
    if (isMeant) {
      await remembered.update(key, true);
      const never = t('Turn This Off');
      const { name, memoryBytes } = existingVm(run, ref).vm;
      void notify(
        'info',
        t(
          'If QEMU can write the RAM of {0} while the VM runs, the checkpoint includes up to {1} of RAM. The VM pauses only for milliseconds. libvirt then marks the VM as tainted (custom-monitor) until it is off. Nothing else changes.',
          displayLine(name),
          bytesText(memoryBytes),
        ),
        never,
      )
        .then((button) => (button === never ? writeSetting('seamlessSnapshots', 'never') : undefined))
        .then(undefined, (reason: unknown) => showFailure(log, 'virtRewind.quickCheckpoint', reason));
      return;
    }
  }
}
