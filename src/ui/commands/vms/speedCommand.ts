// The disks and networks of a running VM, slowed down as a person chooses.
import { t } from '@vscode/l10n';
import { type Speed, speedOf, speeds } from '../../../domain/speed.js';
import type { VmView } from '../../../live/views.js';
import { setSpeed } from '../../../session/setSpeed.js';
import { noSpeedText, speedName, speedNowText, speedSetText } from '../../../text/guests/speedText.js';
import { CommandError } from '../../prompts/commandError.js';
import { noteInStatusBar } from '../../prompts/notify.js';
import { pick } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { targetVm } from '../targets.js';

export const speedCommands = {
  'virtRewind.setSpeed': set,
} satisfies CommandTable;

async function set(run: CommandRun): Promise<void> {
  const view = await targetVm(run, ({ vm }) => vm.power === 'running');
  const { name } = view.vm;
  const speed = argumentsOf(run.call).like ?? (await askSpeed(run, view));
  if ((await setSpeed(run.engine, view, speed)) === 'none') {
    throw new CommandError('refused', noSpeedText(name), { vm: name });
  }
  noteInStatusBar(speedSetText(speed, name));
}

async function askSpeed({ engine }: CommandRun, { ref, vm }: VmView): Promise<Speed> {
  const now = speedOf(await engine.guests.tuningOf(ref));
  return pick(
    speeds.map((value) => ({
      label: speedName(value),
      ...(value === now && { description: t('now') }),
      value,
    })),
    t('Now: {0}. Lasts until the VM is off or reverted.', speedNowText(now)),
    vm.name,
  );
}
