// The disks of a VM: which there are, and one that grows, comes or goes.
import { t } from '@vscode/l10n';
import type { DiskChange } from '../../domain/operation.js';
import { displayLine } from '../../domain/plainText.js';
import type { VmView } from '../../live/views.js';
import { disksOf } from '../../session/disks.js';
import type { DiskInfo } from '../../session/publicTypes.js';
import { bytesText } from '../../text/bytesText.js';
import { sizeOf } from '../arguments.js';
import type { Answers } from '../answers.js';
import { carryOut } from '../carryOut.js';
import { CliError } from '../commandError.js';
import type { Call, Context } from '../context.js';
import type { CommandEnd } from '../printed.js';

export async function disk(context: Context): Promise<CommandEnd> {
  const { call, session } = context;
  const [name = ''] = call.operands;
  const change = changeOf(call);
  const view = await session.vm(name);
  return change === undefined ? list(context, view) : carryOut(context, view, { kind: 'disk', vm: view.ref, change });
}

/** Undefined where nothing is asked for. @throws CliError `usage` */
function changeOf(call: Call): DiskChange | undefined {
  const [, size] = call.operands;
  const { grow, add, remove } = call.texts;
  const asked = [grow, add, remove].filter((one) => one !== undefined).length;
  if (asked > 1 || (size === undefined) !== (grow === undefined)) {
    throw new CliError(
      'usage',
      'Choose one: --grow DISK SIZE, --add SIZE, --remove DISK. See virt-rewind disk --help.',
    );
  }
  if (grow !== undefined && size !== undefined) {
    return { do: 'grow', target: grow, bytes: sizeOf(call, size) };
  }
  if (add !== undefined) {
    return { do: 'add', bytes: sizeOf(call, add) };
  }
  return remove === undefined ? undefined : { do: 'remove', target: remove };
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

function cellsOf({ target, bytes, format, file = '' }: DiskInfo): readonly string[] {
  return [displayLine(target), bytes === undefined ? '?' : bytesText(bytes), format, displayLine(file)];
}
