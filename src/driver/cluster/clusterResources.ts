// Finds the resources of a cluster that are a VM, by programs of the cluster in a shell on a node.
import type { Log } from '../../base/log.js';
import { Failure } from '../../domain/failure.js';
import { refuse } from '../../domain/refusal.js';
import type { Vm } from '../../domain/vm.js';
import type { HostShell, ShellAnswer } from '../../hosts/hostShell.js';
import { type KeptResource, readConfiguredVm } from './clusterXml.js';

export type VmName = Pick<Vm, 'uuid' | 'name'>;

/** As libvirt's longest string. */
const mostConfigBytes = '4194304';

/**
 * By the VM that its file describes: what the cluster calls it may be anything.
 *
 * @param kept `mayBeHere`: the cluster would run it on this node. @throws Failure `refused` where none is the VM, and
 *   one may be: its file cannot be read
 */
export async function resourcesOf(
  shell: HostShell,
  vm: VmName,
  kept: readonly (KeptResource & { readonly mayBeHere: boolean })[],
  log: Log,
): Promise<readonly KeptResource[]> {
  const { uuid, name } = vm;
  const read = await Promise.all(
    kept.map(async (resource) => {
      // What hangs, as a pipe does, says nothing of the others.
      const answer = await shell.ask('timeout', '5', 'head', '-c', mostConfigBytes, '--', resource.config);
      const told = answer.code === 0 ? configuredVm(textOf(answer), log) : {};
      // The agent itself looks for no more than the name, also where the VM was made again.
      const isIt = told.uuid === uuid || (told.name ?? nameOfFile(resource.config)) === name;
      const mayBeIt = resource.mayBeHere || !answer.said.includes('No such file');
      return { resource, isIt, said: answer.said, isUnknown: told.name === undefined && mayBeIt };
    }),
  );
  const own = new Map(read.flatMap(({ resource, isIt }) => (isIt ? [[resource.id, resource] as const] : [])));
  const unknown = own.size > 0 ? undefined : read.find(({ isUnknown }) => isUnknown);
  if (unknown !== undefined) {
    const { id, config } = unknown.resource;
    throw notHeld(vm, id, unknown.said || config);
  }
  return [...own.values()];
}

function configuredVm(xml: string, log: Log): ReturnType<typeof readConfiguredVm> {
  try {
    return readConfiguredVm(xml);
  } catch (error) {
    log.debug(`what a cluster starts a VM from cannot be read: ${String(error)}`);
    return {};
  }
}

/** A program that hangs ends before we lose patience with the shell: nothing is left of it. */
export function ask(shell: HostShell, ...words: readonly string[]): Promise<ShellAnswer> {
  return shell.ask('timeout', '-k', '1', '25', ...words);
}

export function notHeld({ name }: VmName, resource: string, message: string): Failure {
  const { refusal } = refuse('clusterKeepsOn', { vm: name, resource, message });
  return new Failure('refused', { vm: name, refusal });
}

export function textOf({ out }: ShellAnswer): string {
  return out.toString('utf8');
}

function nameOfFile(path: string): string {
  return path.replace(/^.*\//u, '').replace(/\.xml$/u, '');
}
