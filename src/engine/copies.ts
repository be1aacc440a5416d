// What backups need of a connection, and what we noted of a VM that was there before.
import type { Hypervisor, VmCopies } from '../driver/hypervisor.js';
import type { Persistence } from '../journal/persistence.js';

/** Files that are restored under the names of others are not what those were: see `contentChanged`. */
export async function copiesOn(
  live: { readonly uri: string; open(): Promise<Pick<Hypervisor, 'vmCopies'>> },
  { frozen }: Pick<Persistence, 'frozen'>,
): Promise<VmCopies> {
  const copies = await (await live.open()).vmCopies();
  return {
    ...copies,
    define: async (vm) => {
      await frozen.forget({ connection: live.uri, uuid: vm.uuid });
      await copies.define(vm);
    },
  };
}
