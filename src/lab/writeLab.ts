// VMs that are there → the text of a lab file: described where it is known what makes them again, else named. Pure.
import { t } from '@vscode/l10n';
import { Document, isMap, isScalar } from 'yaml';
import type { Thresholds, WrittenThresholds } from '../diagnosis/thresholds.js';
import type { VmLayers } from '../domain/layers.js';
import { displayLine } from '../domain/plainText.js';
import type { Speed } from '../domain/speed.js';
import { speedWords } from '../domain/speedWords.js';
import type { StartWait, StoredSystem } from '../domain/system.js';
import type { Vm } from '../domain/vm.js';
import { bytesText } from '../text/bytesText.js';
import type { ClonedVm, Lab, LabStep, MadeVm, WantedVm } from './labFile.js';

export interface ExportedVm {
  readonly vm: Pick<Vm, 'uuid' | 'name' | 'memoryBytes' | 'disks' | 'firmware'>;
  /** Where they were read already: they tell the sizes of the disks. */
  readonly layers?: VmLayers;
  /** Its name in the lab file that it belongs to. */
  readonly key?: string;
  /** What makes it again; absent: it is named only. */
  readonly source?: Exclude<WantedVm['source'], { readonly kind: 'existing' }>;
  /** Why it is named only, where one may wonder: a sentence. */
  readonly why?: string;
  /** UUIDs of those that must be up first, and when it counts as up; those of a system go before. */
  readonly after?: readonly string[];
  readonly wait?: StartWait;
  readonly speed?: Speed;
}

/**
 * @param stored tells the order in which they start, and the titles of the restore points
 * @param lab that the system was made of: what is run before its restore points, and what holds for all of its VMs
 */
export function writeLab(vms: readonly ExportedVm[], stored?: StoredSystem, lab?: Lab): string {
  const keys = keysOf(vms);
  const comments = new Map<string, string>();
  const rows = vms.map((one) => {
    const { vm, source } = one;
    const key = keys.get(vm.uuid) ?? vm.name;
    const { after = [], wait } = stored?.system.members.find(({ uuid }) => uuid === vm.uuid) ?? one;
    const before = after.flatMap((uuid) => keys.get(uuid) ?? []);
    if (source === undefined) {
      comments.set(key, commentOf(one));
    }
    return [
      key,
      {
        ...(source === undefined ? { existing: vm.name } : sourceIn(source)),
        ...(before.length > 0 && { after: before }),
        ...(wait !== undefined && { wait: waitIn(wait) }),
        ...(one.speed !== undefined && { speed: wordOf(one.speed) }),
      },
    ] as const;
  });
  const titles = new Set((stored?.points ?? []).filter(({ auto }) => auto === undefined).map(({ title }) => title));
  const points = [...titles].slice(0, 20).map((title) => {
    const run = (lab?.points.find((point) => point.title === title)?.run ?? []).flatMap((command) => {
      const member = vms.find(({ key }) => key === command.vm);
      return member === undefined ? [] : [stepIn(command, keys.get(member.vm.uuid) ?? '')];
    });
    return { title: title.slice(0, 100), ...(run.length > 0 && { run }) };
  });
  const { connection, isProtected = false, thresholds } = lab ?? {};
  const written = {
    version: 1,
    name: nameOf(stored?.system.name ?? 'lab'),
    ...(connection !== undefined && { connection }),
    ...(isProtected && { protected: true }),
    ...(thresholds !== undefined && { thresholds: thresholdsOut(thresholds) }),
    vms: Object.fromEntries(rows),
    ...(points.length > 0 && { points }),
  };
  const document = new Document(written, { aliasDuplicateObjects: false });
  const map = document.get('vms');
  for (const { key } of isMap(map) ? map.items : []) {
    const comment = isScalar(key) ? comments.get(String(key.value)) : undefined;
    if (isScalar(key) && comment !== undefined) {
      key.commentBefore = comment;
    }
  }
  // Lines are not folded: scripts in it stay as they were written.
  return document.toString({ lineWidth: 0 });
}

/** By UUID: what each is called in the file. */
function wordOf(speed: Speed): string | undefined {
  return Object.entries(speedWords).find(([, one]) => one === speed)?.[0];
}

function keysOf(vms: readonly ExportedVm[]): ReadonlyMap<string, string> {
  const keys = new Map<string, string>();
  for (const { key, vm } of vms) {
    const usable = nameOf(key ?? vm.name);
    const taken = [...keys.values()];
    const free = [usable, ...taken.map((_, at) => `${usable.slice(0, 36)}-${at + 2}`)].find(
      (one) => !taken.includes(one),
    );
    keys.set(vm.uuid, free ?? usable);
  }
  return keys;
}

function nameOf(text: string): string {
  const usable = text.replaceAll(/[^A-Za-z0-9_-]+/gu, '-').replace(/^[-_]+/u, '');
  return usable === '' ? 'vm' : usable.slice(0, 40);
}

/** One line, whatever the VM is called. The reader counts brackets in comments too, so there are none. */
function commentOf({ vm, layers, why }: ExportedVm): string {
  const disks = vm.disks.map(({ target, device, format }) => {
    const bytes = layers?.disks.find((one) => one.target === target)?.layers[0]?.virtualBytes;
    const size = typeof bytes === 'number' ? [bytesText(bytes)] : [];
    return [target, ...(device === 'disk' || device === 'lun' ? [format, ...size] : [device])].join(' ');
  });
  const has = [t('RAM {0}', bytesText(vm.memoryBytes)), ...disks, ...(vm.firmware === 'bios' ? [] : ['UEFI'])];
  const line = [...(why === undefined ? [] : [why]), t('It has {0}.', has.join(', '))].join(' ');
  return ` ${displayLine(line, 400).replaceAll(/[[{]/gu, '(').replaceAll(/[\]}]/gu, ')')}`;
}

function sourceIn(source: NonNullable<ExportedVm['source']>): Readonly<Record<string, unknown>> {
  return source.kind === 'clone' ? { clone: cloneIn(source) } : madeIn(source);
}

function cloneIn({ of, point, way, network }: ClonedVm): Readonly<Record<string, unknown>> {
  return { of, point, ...(way === 'full' && { full: true }), ...(network === 'same' && { network }) };
}

function madeIn({
  image,
  boot,
  firmware,
  cpus,
  memoryMiB,
  disksMiB,
  network,
  cloudInit,
}: MadeVm): Record<string, unknown> {
  return {
    ...(image !== undefined && {
      image: image.path,
      ...(image.how === 'copy' && { copy: true }),
      ...(image.sizeMiB !== undefined && { size: sizeIn(image.sizeMiB) }),
    }),
    ...(boot !== undefined && { boot }),
    ...(firmware !== undefined && { firmware }),
    ...(cpus !== 1 && { cpus }),
    memory: sizeIn(memoryMiB),
    ...(disksMiB.length > 0 && { disks: disksMiB.map(sizeIn) }),
    ...(network !== undefined && { network: network === 'user' ? network : network.name }),
    ...(cloudInit !== undefined && { cloudInit }),
  };
}

function sizeIn(mib: number): string {
  return mib % 1024 === 0 ? `${mib / 1024} GiB` : `${mib} MiB`;
}

function stepIn({ work, ssh, seconds }: LabStep, vm: string): Readonly<Record<string, unknown>> {
  return { vm, ...workIn(work), ...(ssh !== undefined && { ssh: ssh.user, port: ssh.port }), seconds };
}

function workIn(work: LabStep['work']): Readonly<Record<string, unknown>> {
  switch (work.kind) {
    case 'command':
      return { command: work.words };
    case 'script':
      return { script: work.text };
    case 'packages':
      return { packages: work.names };
    case 'copy':
      return { copy: work.from, to: work.to };
  }
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

const gigabyte = 1024 ** 3;

function thresholdsOut({ deltaBytes, allDeltasBytes, ...rest }: Partial<Thresholds>): WrittenThresholds {
  return {
    ...rest,
    ...(deltaBytes !== undefined && { deltaGb: deltaBytes / gigabyte }),
    ...(allDeltasBytes !== undefined && { allDeltasGb: allDeltasBytes / gigabyte }),
  };
}
