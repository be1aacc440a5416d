// `virt-rewind new`.
import { t } from '@vscode/l10n';
import { agreeTo } from '../../../cli/agree.js';
import { countOf, secondsOf, sizeOf } from '../../../cli/arguments.js';
import { CliError } from '../../../cli/commandError.js';
import type { Call, CommandHandler, Context } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { displayLine } from '../../../domain/plainText.js';
import { requireAlone, viewNow } from '../../../made/madeVms.js';
import { lostWith } from '../../../text/questions/lossText.js';
import { fetchingText, readyLines } from '../guestText.js';
import { newVm, type NewVm, usualParts } from '../make/newVm.js';
import { newVmStore, recordOf, removeNewVm } from '../make/removeNewVm.js';
import type { GuestAnswers } from './answers.js';
import { tellUnchecked } from './imagesCommand.js';

const shell = 'virt-rewind';
const mostCpus = 64;

export const create: CommandHandler = (context) => (context.call.flags.has('remove') ? remove(context) : make(context));

async function make(context: Context): Promise<CommandAnswer> {
  const { session, terminal, interruption, log } = context;
  const wanted = wantedOf(context);
  const made = await newVm(wanted, {
    ...{ session, log, shell, environment: process.env, signal: interruption.signal },
    onStep: (what) => terminal.progress(what),
    onNote: (line) => terminal.tell(line),
    onFetched: (image) => tellUnchecked(terminal, image),
    onProgress: (received, total) =>
      terminal.progress(fetchingText('name' in wanted.image ? wanted.image.name : '', received, total)),
  });
  const login = made.address === undefined ? undefined : `virt-rewind ssh ${wanted.name}`;
  return {
    answer: async () => {
      const { ref, by, user, address, port, isPartly } = made;
      const vm = session.infoOf(await session.vm(ref.uuid));
      const facts = {
        user,
        partly: isPartly,
        ...(address !== undefined && { address }),
        ...(port !== undefined && { port }),
      };
      return {
        created: { vm, ready: by, ...facts, ...(login !== undefined && { login }) },
      } satisfies GuestAnswers['new'];
    },
    text: readyLines(wanted.name, made, login),
  };
}

function wantedOf({ call, session }: Context): NewVm {
  const { from, network, user } = call.texts;
  const [image = '', name, ...others] = from === undefined ? call.operands : ['', ...call.operands];
  const connection = session.engine.connections[0]?.uri ?? '';
  if (name === undefined || others.length > 0) {
    throw new CliError('usage', 'Name an image and the new VM; with --from, only the VM. See virt-rewind new --help.');
  }
  const diskMiB = mebibytesOf(call, 'disk');
  return {
    ...{ connection, name },
    image: from === undefined ? { name: image } : { file: from },
    cpus: countOf(call, 'cpus', mostCpus) ?? usualParts.cpus,
    memoryMiB: mebibytesOf(call, 'memory') ?? usualParts.memoryMiB,
    ...(diskMiB !== undefined && { diskMiB }),
    ...(call.flags.has('uefi') && { firmware: 'uefi' }),
    ...(network !== undefined && { network: network === 'none' || network === 'user' ? network : { name: network } }),
    ...(user !== undefined && { user }),
    packages: call.lists['package'] ?? [],
    seconds: secondsOf(call, usualParts.seconds),
  };
}

/** In MiB. */
function mebibytesOf(call: Call, option: string): number | undefined {
  const text = call.texts[option];
  return text === undefined ? undefined : sizeOf(call, text, `--${option}`) / 1024 ** 2;
}

async function remove(context: Context): Promise<CommandAnswer> {
  const { call, session, terminal, interruption, log } = context;
  const [name = '', other] = call.operands;
  if (other !== undefined) {
    throw new CliError('usage', '--remove goes with the name of the VM alone. See virt-rewind new --help.');
  }
  const store = newVmStore(session, log, shell);
  const record = await recordOf(store, session, name);
  const shown = displayLine(name);
  await requireAlone(record, session);
  const views = await Promise.all(record.vms.map((vm) => viewNow(session, vm)));
  const lost = views.flatMap((view) => (view === undefined ? [] : lostWith(view, Date.now())));
  await agreeTo(context, {
    lines: [t('Delete the VM {0} with its disks and snapshots?', shown), ...lost.map((line) => `  • ${line}`)],
    confirm: t('Delete'),
    asks: true,
    ...(record.vms.some((vm) => session.isProtected({ ...vm, name })) && { isProtected: shown, typed: name }),
  });
  await removeNewVm(store, record, {
    ...{ session, signal: interruption.signal },
    onStep: (what) => terminal.progress(what),
    onNote: (line) => terminal.tell(line),
  });
  return { answer: { removed: name } satisfies GuestAnswers['new'], text: t('Deleted {0} and its files.', shown) };
}
