// What backups need of a connection, and what we noted of a VM that was there before.
import type { MovedVm } from '../domain/copiedVm.js';
import type { Hypervisor, VmCopies } from '../driver/hypervisor.js';
import type { Persistence } from '../journal/persistence.js';

export interface NotedCopies extends VmCopies {
  /** A backup that was made goes into the history. @param to the repository, without its password */
  noteBackup(
    made: { readonly id: string; readonly vm: string; readonly uuid: string },
    to: string,
    durationMs: number,
  ): Promise<unknown>;
  /** So does a VM that came here. @param from the connection that it was on. @returns whether the history has it */
  noteMove(moved: Pick<MovedVm, 'name' | 'uuid'>, from: string, durationMs: number): Promise<boolean>;
}

/** Files that are restored under the names of others are not what those were: see `contentChanged`. */
export async function copiesOn(
  live: { readonly uri: string; open(): Promise<Pick<Hypervisor, 'vmCopies'>> },
  { frozen, audit, marks }: Pick<Persistence, 'frozen' | 'audit' | 'marks'>,
): Promise<NotedCopies> {
  const copies = await (await live.open()).vmCopies();
  return {
    ...copies,
    noteBackup: ({ id, vm: name, uuid }, to, durationMs) => {
      const request = { kind: 'backup', id, to } as const;
      return audit.note({ connection: live.uri, vm: { name, uuid }, request, outcome: 'done', durationMs });
    },
    noteMove: ({ name, uuid }, from, durationMs) =>
      audit.note({
        ...{ connection: live.uri, vm: { name, uuid }, request: { kind: 'move', from } },
        ...{ outcome: 'done', durationMs },
      }),
    takeOver: async (vm) => {
      const there = { connection: live.uri, uuid: vm.uuid };
      await frozen.forget(there);
      // The VM existed before: somebody may have made its snapshots their own since.
      for (const record of await marks.auto.of(there)) {
        await marks.auto.forget(there, record);
      }
      await copies.takeOver(vm);
    },
    define: async (vm) => {
      await frozen.forget({ connection: live.uri, uuid: vm.uuid });
      await copies.define(vm);
      const { name, uuid, backup } = vm;
      if (backup !== undefined) {
        const durationMs = Math.max(0, Date.now() - backup.restoredSince);
        const request = { kind: 'restore', madeAt: backup.madeAt } as const;
        const note = { connection: live.uri, vm: { name, uuid }, request, outcome: 'done', durationMs } as const;
        return audit.note(note);
      }
      return true;
    },
  };
}
