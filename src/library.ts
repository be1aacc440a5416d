// The door of the library: what `import { connect } from 'virt-rewind'` gives.
import { speakIn } from './text/ways.js';
export { connect } from './api/connect.js';
export { VirtRewindError } from './api/virtRewindError.js';
export type {
  BackupInfo,
  BackupOptions,
  Cancellable,
  CheckpointOptions,
  ConnectOptions,
  CopiedFile,
  CopyOptions,
  CountsAsUp,
  Harmful,
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
