// The disks of a VM: one of them grows, comes or goes.
import { t } from '@vscode/l10n';
import type { DiskChange, OperationResult } from '../../../domain/operation.js';
import { displayLine } from '../../../domain/plainText.js';
import type { VmView } from '../../../live/views.js';
import { disksOf, parseSize } from '../../../session/disks.js';
import type { DiskInfo } from '../../../session/publicTypes.js';
import { bytesText } from '../../../text/bytesText.js';
import { diskWords, guestSizeText, sizeProblemText } from '../../../text/operations/diskText.js';
import { askText } from '../../prompts/ask.js';
import { CommandError, requireAnswer } from '../../prompts/commandError.js';
import { pick } from '../../prompts/pickTarget.js';
import { argumentsOf } from '../commandArguments.js';
import type { CommandRun, CommandTable } from '../commandServices.js';
import { operateConfirmed } from '../operate.js';
import { targetVm } from '../targets.js';

export const diskCommands = {
  'virtRewind.disks': changeDisk,
} satisfies CommandTable;

async function changeDisk(run: CommandRun): Promise<OperationResult> {
  const view = await targetVm(run);
  const change = await changeIn(run, view);
  return operateConfirmed(run, { kind: 'disk', vm: view.ref, change });
}

async function changeIn(run: CommandRun, view: VmView): Promise<DiskChange> {
  const { disk, size, remove = false } = argumentsOf(run.call);
  const vm = displayLine(view.vm.name);
  if (disk !== undefined && remove) {
    return { do: 'remove', target: disk };
  }
  const sized = size === undefined ? undefined : requireSize(parseSize(size), view);
  if (sized !== undefined) {
    return disk === undefined ? { do: 'add', bytes: sized } : { do: 'grow', target: disk, bytes: sized };
  }
  const listed = await disksOf(run.engine, view);
  const picked =
    disk ??
    (await pick(
      [
        ...listed.map((one) => ({ label: one.target, ...describe(one), value: one.target })),
        { label: diskWords.add.confirm(), icon: 'add', value: undefined },
      ],
      t('Choose a disk to change.'),
      t('Disks of {0}', vm),
    ));
  if (picked === undefined) {
    return { do: 'add', bytes: requireSize(parseSize(await askSize(diskWords.add.confirm())), view) };
  }
  const has = listed.find((one) => one.target === picked)?.bytes;
  const what = await pick(
    [
      { label: diskWords.grow.confirm(), icon: 'add', value: 'grow' as const },
      { label: diskWords.remove.confirm(), icon: 'remove', value: 'remove' as const },
    ],
    picked,
    t('Disks of {0}', vm),
  );
  return what === 'remove'
    ? { do: 'remove', target: picked }
    : {
        do: 'grow',
        target: picked,
        bytes: requireSize(parseSize(await askSize(t('New Size of Disk {0} of {1}', picked, vm), has ?? 0)), view),
      };
}

function requireSize(bytes: number | undefined, { vm }: VmView): number {
  if (bytes === undefined) {
    throw new CommandError('invalid', sizeProblemText(), { vm: vm.name });
  }
  return bytes;
}

function describe({ bytes, format, file }: DiskInfo): { readonly description: string; readonly detail?: string } {
  const facts = [...(bytes === undefined ? [] : [bytesText(bytes)]), format];
  return { description: facts.join(', '), ...(file !== undefined && { detail: file }) };
}

/** @param has of one that grows; 0: not known */
async function askSize(title: string, has?: number): Promise<string> {
  const now = has === undefined || has === 0 ? [] : [t('Now: {0}.', bytesText(has))];
  const size = await askText({
    title,
    prompt: [...now, ...(has === undefined ? [] : [guestSizeText()])].join(' '),
    placeHolder: '40G',
    ignoreFocusOut: true,
    problem: (text) => {
      const bytes = parseSize(text);
      return bytes === undefined || bytes <= (has ?? 0) ? sizeProblemText(has === 0 ? undefined : has) : undefined;
    },
  });
  return requireAnswer(size);
}
