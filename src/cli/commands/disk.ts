// The disks of a VM: which there are, and one that grows.
import { t } from '@vscode/l10n';
import { displayLine } from '../../domain/plainText.js';
import type { VmView } from '../../live/views.js';
import { disksOf, type ListedDisk } from '../../session/disks.js';
import { guestSizeText } from '../../text/operations/diskText.js';
import { bytesText } from '../../text/bytesText.js';
import { sizeOf } from '../arguments.js';
import type { Answers } from '../answers.js';
import { carryOut } from '../carryOut.js';
import { CliError } from '../commandError.js';
import type { Context } from '../context.js';
import type { ExitName } from '../exitCodes.js';

export async function disk(context: Context): Promise<ExitName> {
  const { call, session, terminal, json } = context;
  const [name = '', size] = call.operands;
  const { grow } = call.texts;
  if (grow !== undefined && size !== undefined) {
    const view = await session.vm(name);
    const change = { do: 'grow', target: grow, bytes: sizeOf(call, size) } as const;
    const ended = await carryOut(context, view, { kind: 'disk', vm: view.ref, change });
    if (json === undefined && !call.flags.has('plan')) {
      terminal.say(guestSizeText());
    }
    return ended;
  }
  if (grow !== undefined || size !== undefined) {
    throw new CliError('usage', 'Name the disk and its new size, as in virt-rewind disk web-test --grow vda 40G.');
  }
  return list(context, await session.vm(name));
}

async function list({ session, terminal, json }: Context, view: VmView): Promise<ExitName> {
  const disks = await disksOf(session.engine, view);
  if (json !== undefined) {
    json({ vm: session.infoOf(session.view(view)), disks: [...disks] } satisfies Answers['disks']);
  } else if (disks.length === 0) {
    terminal.tell(t('{0} has no disks.', displayLine(view.vm.name)));
  } else {
    terminal.sayTable(
      [
        { title: t('Disk'), rank: 0 },
        { title: t('Size'), rank: 0 },
        { title: t('Format'), rank: 1 },
        { title: t('File'), rank: 0 },
      ],
      disks.map(cellsOf),
    );
  }
  return 'done';
}

function cellsOf({ target, bytes, format, file = '' }: ListedDisk): readonly string[] {
  return [displayLine(target), bytes === undefined ? '?' : bytesText(bytes), format, displayLine(file)];
}
