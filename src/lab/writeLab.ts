// VMs that are there → the text of a lab file that names them. Pure.
import { stringify } from 'yaml';
import type { StartWait, StoredSystem } from '../domain/system.js';
import type { Vm } from '../domain/vm.js';

/** @param stored tells the order in which they start, and the titles of the restore points */
export function writeLab(vms: readonly Vm[], stored?: StoredSystem): string {
  const keys = new Map<string, string>();
  for (const { uuid, name } of vms) {
    const usable = nameOf(name);
    const taken = [...keys.values()];
    const free = [usable, ...taken.map((_, at) => `${usable.slice(0, 36)}-${at + 2}`)].find(
      (one) => !taken.includes(one),
    );
    keys.set(uuid, free ?? usable);
  }
  const rows = vms.map(({ uuid, name }) => {
    const { after = [], wait } = stored?.system.members.find((member) => member.uuid === uuid) ?? {};
    const before = after.flatMap((one) => keys.get(one) ?? []);
    return [
      keys.get(uuid) ?? name,
      {
        existing: name,
        ...(before.length > 0 && { after: before }),
        ...(wait !== undefined && { wait: waitIn(wait) }),
      },
    ] as const;
  });
  const titles = new Set((stored?.points ?? []).filter(({ auto }) => auto === undefined).map(({ title }) => title));
  return stringify({
    version: 1,
    name: nameOf(stored?.system.name ?? 'lab'),
    vms: Object.fromEntries(rows),
    ...(titles.size > 0 && { points: [...titles].slice(0, 20).map((title) => ({ title: title.slice(0, 100) })) }),
  });
}

function nameOf(text: string): string {
  const usable = text.replaceAll(/[^A-Za-z0-9_-]+/gu, '-').replace(/^[-_]+/u, '');
  return usable === '' ? 'vm' : usable.slice(0, 40);
}

function waitIn(wait: StartWait): Readonly<Record<string, unknown>> {
  const { kind: _, ...rest } = wait;
  switch (wait.kind) {
    case 'agent':
      return { agent: true, seconds: wait.seconds };
    case 'command':
      return { command: [wait.program, ...wait.args], seconds: wait.seconds };
    case 'port':
    case 'time':
      return rest;
  }
}
