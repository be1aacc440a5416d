// The door of the library: what `import { connect } from 'virt-rewind'` gives.
import { connectTo } from './api/connect.js';
import type { ConnectOptions, VirtRewind } from './api/publicApi.js';
import { speakIn } from './text/ways.js';
export { VirtRewindError } from './api/virtRewindError.js';
export type {
  BackupInfo,
  BackupOptions,
  Cancellable,
  CheckpointOptions,
  ConnectOptions,
  CopiedFile,
  CopyOptions,
  CreatedVm,
  CountsAsUp,
  Harmful,
  NewVmOptions,
  OperationOutcome,
  ProblemInfo,
  ProgramOutcome,
  RecoveryOutcome,
  RevertOptions,
  RunOptions,
  ScheduleInfo,
  SnapshotInfo,
  StartOrder,
  SystemInfo,
  SystemOutcome,
  SystemPointInfo,
  SystemPowerOutcome,
  VirtRewind,
  VirtRewindApi,
  VirtualLab,
  VirtualMachine,
  VirtualSystem,
  VmInfo,
  VmState,
  Waited,
  WaitOptions,
} from './api/publicApi.js';

speakIn('library');

/**
 * Nothing is connected before something is asked for.
 *
 * @param options a URI as virsh has it, or more
 */
export function connect(options: string | ConnectOptions = {}): Promise<VirtRewind> {
  return connectTo(options, {
    files: () => import('./wings/inside/readFiles.js'),
    newVms: () => import('./wings/guest/makeForProgram.js'),
    backups: () => import('./wings/copies/readCopies.js'),
    left: [
      async (...of) => (await import('./wings/cluster/leftInCluster.js')).leftInCluster(...of),
      async (...of) => (await import('./wings/guest/make/removeNewVm.js')).leftInGuest(...of),
    ],
  });
}
