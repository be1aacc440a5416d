// The disks of a VM: one of them grows.
import { t } from '@vscode/l10n';
import type { OperationResult } from '../../../domain/operation.js';
import { displayLine } from '../../../domain/plainText.js';
import { disksOf, type ListedDisk, parseSize } from '../../../session/disks.js';
import { bytesText } from '../../../text/bytesText.js';
import { guestSizeText, sizeProblemText } from '../../../text/operations/diskText.js';
import { askText } from '../../prompts/ask.js';
import { CommandError, requireAnswer } from '../../prompts/commandError.js';
import { pick } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { operateConfirmed } from '../operate.js';
import { targetVm } from '../targets.js';

export const diskCommands = {
  'virtRewind.disks': grow,
} satisfies CommandTable;

async function grow(run: CommandRun): Promise<OperationResult> {
  const view = await targetVm(run);
  const { disk, size } = argumentsOf(run.call);
  const vm = displayLine(view.vm.name);
  const listed = disk !== undefined && size !== undefined ? [] : await disksOf(run.engine, view);
  const target =
    disk ??
    (await pick(
      listed.map((one) => ({ label: one.target, ...describe(one), value: one.target })),
      t('Choose the disk to make larger.'),
      t('Disks of {0}', vm),
    ));
  const has = listed.find((one) => one.target === target)?.bytes;
  const bytes = parseSize(size ?? (await askSize(vm, target, has)));
  if (bytes === undefined) {
    throw new CommandError('invalid', sizeProblemText(), { vm: view.vm.name });
  }
  const change = { do: 'grow', target, bytes } as const;
  return operateConfirmed(run, { kind: 'disk', vm: view.ref, change });
}

function describe({ bytes, format, file }: ListedDisk): { readonly description: string; readonly detail?: string } {
  const facts = [...(bytes === undefined ? [] : [bytesText(bytes)]), format];
  return { description: facts.join(', '), ...(file !== undefined && { detail: file }) };
}

async function askSize(vm: string, target: string, has: number | undefined): Promise<string> {
  const size = await askText({
    title: t('New Size of Disk {0} of {1}', target, vm),
    prompt: [...(has === undefined ? [] : [t('Now: {0}.', bytesText(has))]), guestSizeText()].join(' '),
    placeHolder: '40G',
    ignoreFocusOut: true,
    problem: (text) => {
      const bytes = parseSize(text);
      return bytes === undefined || bytes <= (has ?? 0) ? sizeProblemText(has) : undefined;
    },
  });
  return requireAnswer(size);
}
