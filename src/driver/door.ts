// The door of a connection: every change on its host passes here, for every caller and URI. `DoorKeeper` says what may
// be changed there.
import type { DemoVmObstacle } from '../domain/demoVm.js';
import { Failure } from '../domain/failure.js';
import type { HostFiles } from '../domain/hostFiles.js';
import { refuse } from '../domain/refusal.js';
import type { GuestAccess } from './guestAccess.js';
import type { Hypervisor, LabVmMaker, VmCopies } from './hypervisor.js';

export interface DoorKeeper {
  /** Whether its daemon is kept as read-only. Never rejects. */
  isClosed(hypervisor: Hypervisor): Promise<boolean>;
}

/**
 * | what it does                              |                                                     |
 * |-------------------------------------------|-----------------------------------------------------|
 * | `reads`                                   | passes                                              |
 * | `changes` a VM, a file or a guest         | refused where the door is closed                    |
 * | `obstacle`: says what would be in the way | says `readOnly` there                               |
 * | `part`: a port of its own                 | through the door by a table of its own, or by hand  |
 */
type Table<T> = Readonly<Record<keyof T, 'reads' | 'changes' | 'obstacle' | 'part'>>;

const ofHypervisor: Table<Hypervisor> = {
  uri: 'reads',
  capabilities: 'reads',
  isClosed: 'part',
  files: 'part',
  nearbyFiles: 'part',
  nearbyContents: 'reads',
  openHost: 'part',
  // A lease is taken for what passes the door itself.
  keepers: 'reads',
  metadataFolders: 'reads',
  onDidChangeVm: 'reads',
  onDidClose: 'reads',
  onDidChangeSilence: 'reads',
  callCount: 'reads',
  listVms: 'reads',
  readVm: 'reads',
  readReferences: 'reads',
  countSnapshots: 'reads',
  readSnapshotMark: 'reads',
  readSnapshots: 'reads',
  readTree: 'reads',
  readFrozen: 'reads',
  readConfigured: 'reads',
  readSavedRam: 'reads',
  readDiskStatistics: 'reads',
  readBlockJobs: 'reads',
  readCheckpoints: 'reads',
  untilNoJob: 'reads',
  probeAgent: 'reads',
  probeSeamless: 'part',
  dropLeftGuards: 'changes',
  readRamBlockers: 'reads',
  readStream: 'reads',
  readVmXml: 'reads',
  readSnapshotXml: 'reads',
  run: 'part',
  demoVmObstacle: 'obstacle',
  makeDemoVm: 'changes',
  labVms: 'part',
  vmCopies: 'part',
  guests: 'part',
  close: 'reads',
};

const ofFiles: Table<HostFiles> = {
  ready: 'reads',
  file: 'reads',
  image: 'reads',
  identity: 'reads',
  sum: 'reads',
  hostKeyOf: 'reads',
  list: 'reads',
  space: 'reads',
  hostUses: 'reads',
  imageLocks: 'reads',
  canAct: 'reads',
  canChange: 'reads',
  createOverlay: 'changes',
  copy: 'changes',
  writeSeed: 'changes',
  makeFolders: 'changes',
  removeTag: 'changes',
  repair: 'changes',
  rebase: 'changes',
  resize: 'changes',
  commit: 'changes',
  copyImage: 'changes',
  remove: 'changes',
  trash: 'changes',
};

const ofLabVms: Table<LabVmMaker> = {
  obstacle: 'obstacle',
  make: 'changes',
  requireOwn: 'reads',
  remove: 'changes',
  networkState: 'reads',
  networkUsers: 'reads',
  makeNetwork: 'changes',
  removeNetwork: 'changes',
};

const ofCopies: Table<VmCopies> = {
  readDocuments: 'reads',
  filesIn: 'reads',
  withoutVolumes: 'reads',
  points: 'reads',
  presentDisks: 'reads',
  pointDefinition: 'reads',
  documentsFor: 'reads',
  bootFiles: 'reads',
  hostUse: 'reads',
  tpmState: 'reads',
  savedRam: 'reads',
  elsewhere: 'reads',
  obstacle: 'obstacle',
  define: 'changes',
  undefine: 'changes',
  startForUs: 'changes',
  openMigration: 'changes',
  needs: 'reads',
  hostLoad: 'reads',
  guestTimes: 'reads',
  standing: 'reads',
  takeOver: 'changes',
  letGo: 'changes',
  forgetSnapshots: 'changes',
  takeSnapshotsBack: 'changes',
  settleIn: 'changes',
};

const ofGuests: Table<GuestAccess> = {
  consoleOf: 'changes',
  displayOf: 'changes',
  debuggerOf: 'changes',
  closeDebugger: 'changes',
  readDebugger: 'reads',
  displayKindOf: 'reads',
  displayPasswordOf: 'changes',
  addressesOf: 'reads',
  networksOf: 'reads',
  portOf: 'changes',
  tuningOf: 'reads',
  dirtyRateOf: 'changes',
  screenshotOf: 'reads',
  thumbnailOf: 'reads',
  runIn: 'changes',
  pressKeys: 'changes',
  click: 'changes',
  settleFork: 'changes',
  freeMemory: 'reads',
};

type AnyMethod = (...args: readonly unknown[]) => unknown;

/** @throws Failure `refused` where its daemon is kept as read-only */
export async function requireOpen(hypervisor: Pick<Hypervisor, 'uri' | 'isClosed'>, vm?: string): Promise<void> {
  if (await hypervisor.isClosed()) {
    throw new Failure('refused', {
      connection: hypervisor.uri,
      ...(vm !== undefined && { vm }),
      refusal: refuse('readOnlyConnection', { vm: vm ?? hypervisor.uri, action: 'change' }).refusal,
    });
  }
}

export function throughDoor(real: Hypervisor, keeper: DoorKeeper): Hypervisor {
  const isClosed = (): Promise<boolean> => keeper.isClosed(real);
  const pass = (vm?: string): Promise<void> => requireOpen({ uri: real.uri, isClosed }, vm);
  const guard = <T extends object>(target: T, table: Table<T>, own: Partial<T> = {}): T =>
    new Proxy(target, {
      get: (_, key) => {
        const given: unknown = Reflect.get(own, key, own);
        const value: unknown = given ?? Reflect.get(target, key, target);
        if (typeof value !== 'function') {
          return value;
        }
        const method = value.bind(given === undefined ? target : own) as AnyMethod;
        // What has no row may be anything.
        const does = Object.hasOwn(table, key) ? table[key as keyof T] : 'changes';
        switch (does) {
          case 'changes':
            return async (...args: readonly unknown[]) => {
              await pass();
              return method(...args);
            };
          case 'obstacle':
            return async (...args: readonly unknown[]) =>
              (await isClosed()) ? ('readOnly' satisfies DemoVmObstacle) : method(...args);
          case 'reads':
          case 'part':
            return method;
        }
      },
    });
  return guard(real, ofHypervisor, {
    isClosed,
    files: guard(real.files, ofFiles),
    ...(real.nearbyFiles !== undefined && { nearbyFiles: guard(real.nearbyFiles, ofFiles) }),
    // Over a connection that is read-only itself the daemon says so.
    guests: real.capabilities.readOnly ? real.guests : guard(real.guests, ofGuests),
    get labVms() {
      return guard(real.labVms, ofLabVms);
    },
    openHost: async (use) => {
      await (use === 'toChange' ? pass() : undefined);
      return real.openHost(use);
    },
    vmCopies: async () => guard(await real.vmCopies(), ofCopies),
    probeSeamless: async (vm, how) => {
      await (how === 'try' ? pass(vm.name) : undefined);
      return real.probeSeamless(vm, how);
    },
    run: async (vm, step, options) => {
      await (options.begun === true ? undefined : pass(vm.name));
      return real.run(vm, step, options);
    },
  });
}
