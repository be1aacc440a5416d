// The disks of a VM: which there are, and one that grows.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { VmView } from '../../live/views.js';
import { disksOf, type ListedDisk } from '../../session/disks.js';
import { bytesText } from '../../text/bytesText.js';
import { sizeOf } from '../arguments.js';
import type { Answers } from '../answers.js';
import { carryOut } from '../carryOut.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { CommandEnd } from '../printed.js';

export async function disk(context: Context): Promise<CommandEnd> {
  const { call, session } = context;
  const [name = '', size] = call.operands;
  const { grow } = call.texts;
  if (grow !== undefined && size !== undefined) {
    const view = await session.vm(name);
    const change = { do: 'grow', target: grow, bytes: sizeOf(call, size) } as const;
    return carryOut(context, view, { kind: 'disk', vm: view.ref, change });
  }
  if (grow !== undefined || size !== undefined) {
    throw new CliError('usage', 'Name the disk and its new size, as in virt-rewind disk web-test --grow vda 40G.');
  }
  return list(context, await session.vm(name));
}

async function list({ session }: Context, view: VmView): Promise<CommandEnd> {
  const disks = await disksOf(session.engine, view);
  return {
    answer: { vm: session.infoOf(session.view(view)), disks: [...disks] } satisfies Answers['disks'],
    text:
      disks.length === 0
        ? [{ beside: t('{0} has no disks.', displayLine(view.vm.name)) }]
        : [
            {
              columns: [
                { title: t('Disk'), rank: 0 },
                { title: t('Size'), rank: 0 },
                { title: t('Format'), rank: 1 },
                { title: t('File'), rank: 0 },
              ],
              rows: disks.map(cellsOf),
            },
          ],
  };
}

function cellsOf({ target, bytes, format, file = '' }: ListedDisk): readonly string[] {
  return [displayLine(target), bytes === undefined ? '?' : bytesText(bytes), format, displayLine(file)];
}
