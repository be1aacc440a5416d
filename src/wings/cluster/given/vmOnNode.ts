// A VM as libvirt on the cluster's node has it, asked as the cluster's agent asks it.
import { writtenFiles } from '../../../driver/cluster/clusteredVm.js';
import { isSession, parseUri, uriOnHost } from '../../../libvirt/uri.js';
import type { VmView } from '../../../live/views.js';
import { clusterFailure } from '../clusterFailure.js';
import type { ClusterShell } from './clusterShell.js';

export interface Standing {
  /** libvirt's number of it, another one after each start. Absent: it is off. */
  readonly id: string | undefined;
  readonly isPersistent: boolean;
  readonly autostart: boolean;
  readonly cpus: number;
  readonly memoryMib: number;
  /** What it is started from. */
  readonly definition: string;
  /** The files of its disks. */
  readonly files: readonly string[];
}

/** As it is called on the node itself. @throws Failure `session` */
export function localUri(connection: string): string {
  if (isSession(parseUri(connection))) {
    throw clusterFailure('session');
  }
  return uriOnHost(connection);
}

/** @throws Failure `changedSince`: it would start with other disks than it has */
export async function readStanding({ run, ask }: ClusterShell, uri: string, { ref, vm }: VmView): Promise<Standing> {
  const virsh = (...words: readonly string[]): Promise<string> => run('virsh', '--connect', uri, ...words);
  const told = readInfo(await virsh('dominfo', ref.uuid));
  const id = told.get('Id');
  const isOn = id !== undefined && id !== '-';
  const definition = await virsh('dumpxml', '--inactive', '--security-info', ref.uuid);
  const files = writtenFiles(definition);
  const running = isOn
    ? writtenFiles((await ask('virsh', '--connect', uri, 'dumpxml', ref.uuid)).out.toString())
    : files;
  if (files.join('\n') !== running.join('\n')) {
    throw clusterFailure('changedSince', { vm: vm.name });
  }
  return {
    id: isOn ? id : undefined,
    isPersistent: told.get('Persistent') === 'yes',
    autostart: told.get('Autostart') === 'enable',
    cpus: Number(told.get('CPU(s)')),
    memoryMib: Math.floor(Number.parseInt(told.get('Max memory') ?? '', 10) / 1024),
    ...{ definition, files },
  };
}

function readInfo(dominfo: string): ReadonlyMap<string, string> {
  return new Map(
    dominfo.split('\n').flatMap((line) => {
      const [, name, value] = /^([^:]+): +(.*)$/u.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [[name, value.trim()] as const];
    }),
  );
}
