// The door of the library: what `import { connect } from 'virt-rewind'` gives.
export { connect } from './api/connect.js';
export { VirtRewindError } from './api/virtRewindError.js';
export type {
  Cancellable,
  CheckpointOptions,
  ConnectOptions,
  Harmful,
  OperationOutcome,
  ProgramOutcome,
  RevertOptions,
  RunOptions,
  SnapshotInfo,
  SystemInfo,
  SystemOutcome,
  SystemPointInfo,
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
