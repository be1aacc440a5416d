// By which names ssh reaches VMs: in lower case, of what neither ssh nor a shell reads for more. Pure.
import type { VmView } from '../../../live/views.js';

export const sshSuffix = '.virt-rewind';

const typedPattern = /^([a-z0-9][a-z0-9._-]{0,199})\.virt-rewind$/u;
const most = 100;

/** The name of a VM for ssh; undefined where no part of its name can be used: its UUID is used instead. */
export function sshNameOf(vm: string): string | undefined {
  const stem = vm
    .toLowerCase()
    .replaceAll(/[^a-z0-9._-]+/gu, '-')
    .replaceAll(/^[._-]+|[._-]+$/gu, '')
    .slice(0, most);
  return stem === '' ? undefined : stem;
}

/** Without what all have at their end; undefined where it is no such name. */
export function stemOf(typed: string): string | undefined {
  return typedPattern.exec(typed.toLowerCase())?.[1];
}

/** One that is called by it, or has it as its UUID; VMs that differ in nothing that is left in such a name. */
export function calledBySsh(views: readonly VmView[], stem: string): readonly VmView[] {
  const byUuid = views.filter(({ vm }) => vm.uuid === stem);
  return byUuid.length > 0 ? byUuid : views.filter(({ vm }) => sshNameOf(vm.name) === stem);
}
