// Why an operation is refused before anything is touched. Each row has its source in the rule that makes it.

/**
 * One member per rule; `facts` fill the sentence that views/failureText makes of it.
 * Adding a reason here makes the compiler ask for its sentence.
 */
export type RefusalReason =
  | 'managedSaveExists'
  | 'otherStyle'
  | 'internalBaseInUse'
  | 'blockJobRunning'
  | 'noCurrentSnapshot'
  | 'overlayNeededByBranch'
  | 'externalRevertUnsupported'
  | 'diskOnlyRevertUnsupported'
  | 'externalDeleteUnsupported'
  | 'internalParent'
  | 'severalChildren'
  | 'notInActiveChain'
  | 'unfinishedDelete'
  | 'imageNotActive'
  | 'noDisks'
  | 'rawDisk'
  | 'diskTypeUnsupported'
  | 'rawNvram'
  | 'notRunning'
  | 'notOff'
  | 'wrongState'
  | 'transientVm'
  | 'crashedVm'
  | 'asleepVm'
  | 'badName'
  | 'nameTaken'
  | 'fileTaken'
  | 'sameSecond'
  | 'memoryFileMissing'
  | 'readOnlyConnection'
  | 'driverCannot'
  | 'unfinishedSave'
  | 'stateNotReachable'
  /** Between the question and the answer, another client changed what was asked about. */
  | 'changedMeanwhile';

export interface Refusal {
  readonly reason: RefusalReason;
  /** Words for the sentence: names, paths, versions. */
  readonly facts: Readonly<Record<string, string>>;
}
