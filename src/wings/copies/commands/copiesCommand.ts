// `virt-rewind backup` and `restore`.
import { isAbsolute, resolve } from 'node:path';
import { t } from '@vscode/l10n';
import type { HostLogin } from '../../../hosts/hostLogin.js';
import { agreeTo } from '../../../cli/agree.js';
import { countOf } from '../../../cli/arguments.js';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { CommandEnd, CommandAnswer, TextPart } from '../../../cli/printed.js';
import { orNamed } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import type { ConnectionView } from '../../../live/views.js';
import { type BackupMade, requireRepository } from '../repository/backUp.js';
import { backUpVms } from '../repository/backUpVms.js';
import { bringBack, type VmRestored } from '../restore/bringBack.js';
import { planRestore, requireManifest, type RestoreUse, type RestoreWish } from '../restore/planRestore.js';
import { backupInfo } from '../copiesInfos.js';
import { type CopySource, resticSource } from '../restore/copySource.js';
import {
  backedUpLines,
  checkpointStaysText,
  deviceLines,
  leftOutLines,
  ofHostLines,
  pointLines,
  restoredLines,
  secretLines,
} from '../doneText.js';
import { lookAtVm, type VmLook } from '../../../transfer/lookAtVm.js';
import { deleteOldCheckpoints } from '../oldCheckpoints.js';
import { lookAtOriginal, type OriginalSeen } from '../plain/originalVm.js';
import { type DeviceTarget, type OntoWish, typedOf } from '../restore/ontoDevice.js';
import { plainFolder } from '../restore/plainFolder.js';
import { checkpointFirst } from './checkpointFirst.js';
import { isRemote } from '../repository/repositoryAddress.js';
import { Restic } from '../repository/restic.js';
import { onVmHost } from '../../../transfer/vmHost.js';
import { startVm, whileOff } from './whileOff.js';
import { agreeForBackup } from './protectedCommand.js';
import type { CopiesAnswers } from './answers.js';

export const mostCheckpoints = 100;

/** Backs up one VM. */
export const backUpOne: CommandHandler = async (context) => {
  const { call, session, terminal, interruption } = context;
  const { signal } = interruption;
  const target = requireText(context, 'to');
  const keep = countOf(call, 'keep-checkpoints', mostCheckpoints);
  const view = await session.vm(call.operands[0] ?? '');
  await agreeForBackup(context, view);
  return orNamed({ target, vm: view.vm.name }, async (): Promise<CommandEnd> => {
    const login = await session.engine.openHost(view.ref.connection, 'toRead');
    const restic = await openRestic(context, target, login);
    const create = call.flags.has('create');
    if (call.flags.has('checkpoint') || call.flags.has('shut-down')) {
      await requireRepository(restic, create, [view.vm]);
    }
    if (call.flags.has('checkpoint')) {
      await checkpointFirst(context, view);
    }
    const backUpNow = (): Promise<readonly BackupMade[]> =>
      onVmHost(login, (host) => {
        const look = (): Promise<VmLook> => lookAtVm(session.engine, view, host);
        const onFailure = (_: string, error: unknown): never => {
          throw error;
        };
        const progress = { onProgress: showProgress(context), onMade: () => undefined, onFailure };
        return backUpVms(session.engine, restic, [{ view, look }], { create, signal }, progress);
      });
    const [made] = await (call.flags.has('shut-down') ? whileOff(context, view, backUpNow) : backUpNow());
    signal.throwIfAborted();
    const tools = { session, tell: (line: string) => terminal.tell(line), signal };
    const left = keep === undefined ? [] : await deleteOldCheckpoints(tools, view, keep);
    left.forEach((one) => terminal.tell(checkpointStaysText(one)));
    const exit = left.length > 0 ? 'failed' : 'done';
    return made === undefined
      ? exit
      : {
          answer: { backup: answerOfMade(made) } satisfies CopiesAnswers['backup'],
          text: asText(backedUpLines(made)),
          exit,
        };
  });
};

export function showProgress({ terminal }: Context): (vm: string, fraction: number) => void {
  return (vm, fraction) => terminal.progress(t('Backing up {0}: {1} %', displayLine(vm), Math.floor(fraction * 100)));
}

/** Restores one VM. */
export const restoreOne: CommandHandler = async (context) => {
  const { call, session, terminal, printer, interruption } = context;
  const folder = requireText(context, 'folder');
  const [own = ''] = call.operands;
  const { from: repository } = call.texts;
  const target = repository ?? resolve(own);
  const { uri } = await requireOneConnection(context);
  const { as: name, snapshot } = call.texts;
  return orNamed({ target, vm: name ?? '' }, async (): Promise<CommandAnswer> => {
    const login = await session.engine.openHost(uri, 'toRead');
    if (login !== undefined) {
      requireWholePath('folder', folder);
    }
    terminal.progress(t('Restoring…'));
    const { signal } = interruption;
    const source =
      repository === undefined
        ? await plainFolder(target, signal)
        : await resticSource(await openRestic(context, target, login), own);
    const original = await originalOf(context, source);
    const onto = ontoWish(context);
    const wish = {
      connection: uri,
      ...(onto.size > 0 && { onto }),
      ...(name !== undefined && { name }),
      ...(snapshot !== undefined && { snapshot }),
      ...restoreWish(context),
      folder: resolve(folder),
      signal,
    };
    if (call.flags.has('plan')) {
      return printedPlan(uri, await onVmHost(login, (host) => planRestore(session.engine, source, { ...wish, host })));
    }
    const restored = await onVmHost(login, (host) => bringBack(session.engine, source, { ...wish, host }));
    await session.engine.refresh({ connection: uri });
    const { present, withoutRam, inHistory, restorePoints, point, replica, use, tpm } = restored;
    const { original: there } = call.texts;
    const lines = point === undefined ? restoredLines(restored, original, there) : pointLines(restored, point);
    asText(lines).forEach((part) => printer.say(part));
    if (call.flags.has('start')) {
      await startVm(session, await session.vm(restored.uuid));
    }
    const { uuid, folder: place } = restored;
    const vm = { name: restored.name, uuid, connection: uri };
    const ofPoint = point === undefined ? {} : { snapshot: point.title, notHeld: point.notHeld };
    const ofReplica = replica === undefined ? {} : { replica: answerOfReplica(replica, original) };
    const told = { restorePoints, currentState: present, withoutRam, inHistory, ...answerOfTpm(tpm) };
    const facts = { ...told, ...answerOfUse(use), ...ofPoint, ...ofReplica };
    return {
      answer: { restored: { ...vm, folder: place, ...facts } } satisfies CopiesAnswers['restored'],
      text: [],
    };
  });
};

export function answerOfTpm(tpm: VmRestored['tpm']): { readonly tpm?: 'restored' | 'notRestored' } {
  return tpm === undefined ? {} : { tpm: tpm.isBack ? 'restored' : 'notRestored' };
}

/** What a person is asked before anything is fetched. */
export function restoreWish(context: Context): Pick<RestoreWish, 'isolated' | 'keepsHostParts' | 'agree'> {
  const { call, terminal, printer } = context;
  return {
    isolated: call.flags.has('isolated'),
    keepsHostParts: call.flags.has('with-host-parts'),
    agree: async (use) => {
      const lines = leftOutLines(use);
      const mayAsk = printer.canAsk && !call.flags.has('isolated');
      if (lines.length > 0 && mayAsk) {
        await agreeTo(context, { lines, confirm: t('Restore'), asks: true });
      } else {
        lines.forEach((line) => terminal.tell(line));
      }
      if (use.devices.length > 0) {
        const typed = typedOf(use.devices);
        const question = t('Type the name and size of each device to continue ({0}):', displayLine(typed));
        deviceLines(use).forEach((line) => terminal.tell(line));
        await agreeTo(context, { lines: [], confirm: '', asks: false, isProtected: '', typed, question });
      }
    },
  };
}

/** @throws CliError `usage` */
function ontoWish({ call }: Context): OntoWish {
  const words = (call.lists['onto'] ?? []).map((one) => {
    const at = one.indexOf('=');
    if (at < 1 || at === one.length - 1) {
      throw new CliError('usage', '--onto takes a disk and a device: vda=/dev/vg0/web.');
    }
    return [one.slice(0, at), one.slice(at + 1)] as const;
  });
  const onto = new Map(words);
  if (onto.size < words.length) {
    throw new CliError('usage', '--onto names a disk twice.');
  }
  return onto;
}

type RestoredUse = Pick<CopiesAnswers['restorePlan']['restorePlan'], 'leftOut' | 'ofHost' | 'ramInDoubt' | 'secrets'>;

export function answerOfUse({ leftOut, ofHost, ramInDoubt, secrets }: RestoreUse): RestoredUse {
  return { leftOut, ofHost, ramInDoubt, secrets: [...secrets] };
}

type PlannedDevice = CopiesAnswers['restorePlan']['restorePlan']['devices'][number];

function answerOfDevice({ disk, path, real, device, file, holds }: DeviceTarget): PlannedDevice {
  return {
    ...{ disk, device: path, resolved: real, deviceBytes: device.bytes, bytes: file.bytes },
    ...(holds !== undefined && { holds: [...holds] }),
  };
}

function printedPlan(connection: string, use: RestoreUse): CommandAnswer {
  const { name, folder } = use;
  const title = t('Restore {0} into {1}', displayLine(name), displayLine(folder));
  return {
    answer: {
      restorePlan: { name, connection, folder, ...answerOfUse(use), devices: use.devices.map(answerOfDevice) },
    } satisfies CopiesAnswers['restorePlan'],
    text: [
      title,
      ...deviceLines(use),
      ...leftOutLines(use),
      ...ofHostLines(use),
      ...secretLines(use),
      t('Nothing was changed.'),
    ],
  };
}

function answerOfReplica(
  { of, madeAt }: NonNullable<VmRestored['replica']>,
  original: OriginalSeen | undefined,
): NonNullable<CopiesAnswers['restored']['restored']['replica']> {
  const seen = typeof original === 'object' ? original.kind : original;
  return { of, madeAt: new Date(madeAt).toISOString(), ...(seen !== undefined && { original: seen }) };
}

/** Where a replica is to take its place. */
async function originalOf(
  { call, session, interruption }: Context,
  source: CopySource,
): Promise<OriginalSeen | undefined> {
  const { original } = call.texts;
  if (original === undefined) {
    return undefined;
  }
  const manifest = await requireManifest(source);
  if (manifest.replicaOf === undefined) {
    throw new CliError('usage', '--original goes with a replica. See virt-rewind restore --help.');
  }
  return lookAtOriginal(session.engine, manifest, original, interruption.signal);
}

/** What was done, and beside it what else there is to know. */
export function asText([done = '', ...others]: readonly string[]): readonly TextPart[] {
  return [done, ...others.map((beside) => ({ beside }))];
}

export function requireText({ call }: Context, name: string): string {
  const text = call.texts[name];
  if (text === undefined || text === '') {
    throw new CliError('usage', `--${name} is needed. See virt-rewind ${call.command} --help.`);
  }
  return text;
}

/** @param login to the host on which restic runs; undefined: this computer */
export function openRestic({ call, interruption }: Context, target: string, login?: HostLogin): Promise<Restic> {
  if (login !== undefined && !isRemote(target)) {
    requireWholePath(call.texts['from'] === undefined ? 'to' : 'from', target);
  }
  return Restic.open(target, {
    login,
    environment: process.env,
    signal: interruption.signal,
    passwordFile: call.texts['password-file'],
  });
}

/** @throws CliError `usage`: only this computer knows what a path is relative to */
export function requireWholePath(option: string, path: string): void {
  if (!isAbsolute(path)) {
    throw new CliError('usage', `--${option} is a whole path on the other host: /srv/virt-rewind.`);
  }
}

/** Where the VM goes. */
export async function requireOneConnection({ session }: Context): Promise<ConnectionView> {
  await session.reachAll();
  const open = session.engine.connections.filter(({ state }) => state === 'connected');
  const [first] = open;
  if (first === undefined || open.length > 1) {
    const names = open.map(({ uri }) => displayLine(uri)).join(', ');
    throw new CliError('ambiguous', t('Name the connection to restore to with --connect: {0}.', names));
  }
  return first;
}

export function answerOfMade(made: BackupMade): CopiesAnswers['backup']['backup'] {
  const { addedBytes, present, leftOut, altered, felt } = made;
  return { ...backupInfo(made), addedBytes, currentState: present, leftOut, altered, felt };
}
