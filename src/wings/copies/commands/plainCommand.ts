// `virt-rewind export` and `replicate`.
import { hostname } from 'node:os';
import { isAbsolute, resolve } from 'node:path';
import { t } from '@vscode/l10n';
import { CliError } from '../../../cli/commandError.js';
import type { CommandHandler, Context } from '../../../cli/context.js';
import type { CommandAnswer } from '../../../cli/printed.js';
import { orNamed } from '../../../domain/asFailure.js';
import { displayLine } from '../../../domain/plainText.js';
import { bytesText } from '../../../text/bytesText.js';
import { asText, requireText } from './copiesCommand.js';
import { copiesFailure, staysText } from '../copiesFailure.js';
import { notCopiedLines } from '../doneText.js';
import { copyOut, type CopyMade, type CopyWish } from '../plain/copyOut.js';
import { lookAtVm, type VmLook } from '../../../transfer/lookAtVm.js';
import { storedBytes } from '../../../transfer/manifest.js';
import { onVmHost } from '../../../transfer/vmHost.js';
import { loginTo } from '../../../transfer/loginTo.js';
import type { CopiesAnswers } from './answers.js';

type Target = Pick<CopyWish, 'kind' | 'login' | 'folder' | 'used'>;

export const exportVm: CommandHandler = (context) => {
  const folder = resolve(requireText(context, 'to'));
  return copying(context, folder, {
    target: () => Promise.resolve({ kind: 'export', login: undefined, folder, used: () => Promise.resolve(new Set()) }),
    say: (name, copied) => t('Exported {0} to {1}: snapshots: {2}, {3}', name, ...factsOf(copied)),
  });
};

export const replicate: CommandHandler = (context) => {
  const [wanted, folder] = [requireText(context, 'to-host'), requireText(context, 'folder')];
  const { engine } = context.session;
  if (!isAbsolute(folder)) {
    throw new CliError('usage', `--folder is a whole path on the other host: /srv/replicas.`);
  }
  return copying(context, folder, {
    target: async (vm) => {
      const known = engine.connections.map(({ uri }) => uri);
      if (!known.includes(wanted)) {
        engine.setConnections([...known, wanted]);
      }
      await engine.connect(wanted);
      const ref = { connection: wanted, uuid: vm.uuid };
      if (engine.findVm(ref) !== undefined) {
        throw copiesFailure('vmThere', { vm: vm.name });
      }
      return {
        kind: 'replica',
        login: await loginTo(engine, wanted, 'toChange'),
        folder,
        used: (files) => engine.filesInUse(wanted, files),
      };
    },
    say: (name, copied) =>
      t(
        'Replicated {0} to {1}: snapshots: {2}, {3}, transferred: {4}',
        name,
        ...factsOf(copied),
        bytesText(copied.sentBytes),
      ),
  });
};

function factsOf({ folder, manifest }: CopyMade): readonly [string, number, string] {
  return [displayLine(folder), manifest.snapshots.length, bytesText(storedBytes(manifest.files, 'allocatedBytes'))];
}

interface Copying {
  readonly target: (vm: VmLook['vm']) => Promise<Target>;
  readonly say: (vm: string, copied: CopyMade) => string;
}

async function copying(context: Context, shown: string, { target, say }: Copying): ReturnType<CommandHandler> {
  const { call, session, terminal, interruption } = context;
  const { engine } = session;
  const { signal } = interruption;
  const view = await session.vm(call.operands[0] ?? '');
  const { connection } = view.ref;
  const name = displayLine(view.vm.name);
  return orNamed({ target: shown, vm: view.vm.name }, async (): Promise<CommandAnswer> => {
    const to = await target(view.vm);
    const secrets = to.kind === 'export' ? 'without' : undefined;
    const { libvirt = 0 } = engine.connections.find(({ uri }) => uri === connection)?.capabilities ?? {};
    const onProgress = (fraction: number): void =>
      terminal.progress(t('Copying {0}: {1} %', name, Math.floor(fraction * 100)));
    const login = await engine.openHost(view.ref.connection, 'toRead');
    const { look, made } = await onVmHost(login, async (from) => {
      const seen = await lookAtVm(engine, view, from, secrets);
      const wish = { ...to, connection, from, host: login?.hostname ?? hostname(), libvirt, signal, onProgress };
      return { look: seen, made: await copyOut(engine, seen, wish) };
    }).catch((error: unknown) => {
      // A shell that was ended by the signal says less.
      signal.throwIfAborted();
      throw error;
    });
    const { manifest, folder, sentBytes, stays } = made;
    const { vm, present, snapshots, files } = manifest;
    const { leftOut, altered } = look;
    const facts = { restorePoints: snapshots.length, currentState: present, leftOut, altered, stays };
    const told = { vm: vm.name, uuid: vm.uuid, folder, bytes: storedBytes(files, 'bytes'), sentBytes, ...facts };
    const answer: CopiesAnswers['export'] | CopiesAnswers['replicate'] =
      to.kind === 'export' ? { export: told } : { replica: told };
    return {
      answer: { ...answer },
      text: [
        ...(stays.length > 0 ? [{ beside: staysText(folder, stays) }] : []),
        ...asText([say(name, made), ...notCopiedLines({ ...look, vm: vm.name, present })]),
      ],
    };
  });
}
