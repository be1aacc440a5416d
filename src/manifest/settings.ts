// The settings that package.json promises, read as what they claim to be: a settings file is untrusted JSON, and a
// value that is not allowed counts as the default. Knows nothing of the editor.

export const revertPowerStates = ['asSnapshot', 'asBefore', 'running', 'paused', 'off'] as const;
export const snapshotStyles = ['auto', 'internal', 'external'] as const;
export const treeSorts = ['time', 'name'] as const;
export const treeLayouts = ['tree', 'list'] as const;

export interface Settings {
  /** libvirt URIs, trimmed, without duplicates. Empty: the defaults of this computer. */
  readonly connections: readonly string[];
  readonly revertPowerState: (typeof revertPowerStates)[number];
  readonly checkpointFirst: boolean;
  /** 0 to 100. */
  readonly keepCheckpoints: number;
  /** 0 to 60; 0: a delete begins at once. */
  readonly deleteUndoSeconds: number;
  /** Names, patterns and UUIDs, trimmed. */
  readonly protectedVms: readonly string[];
  readonly snapshotStyle: (typeof snapshotStyles)[number];
  readonly treeSort: (typeof treeSorts)[number];
  readonly treeLayout: (typeof treeLayouts)[number];
}

/** Full names as in package.json. */
export const settingKeys = {
  connections: 'virtRewind.connections',
  revertPowerState: 'virtRewind.revert.powerState',
  checkpointFirst: 'virtRewind.revert.checkpointFirst',
  keepCheckpoints: 'virtRewind.revert.keepCheckpoints',
  deleteUndoSeconds: 'virtRewind.delete.undoSeconds',
  protectedVms: 'virtRewind.protectedVms',
  snapshotStyle: 'virtRewind.snapshots.style',
  treeSort: 'virtRewind.tree.sort',
  treeLayout: 'virtRewind.tree.layout',
} as const satisfies Record<keyof Settings, string>;

/** Longer ones are no URIs, and no names of VMs, but mistakes or attacks. */
const longestUri = 1_000;
const longestPattern = 300;

export function parseSettings(get: (key: string) => unknown): Settings {
  return {
    connections: texts(get(settingKeys.connections), longestUri),
    revertPowerState: oneOf(revertPowerStates, get(settingKeys.revertPowerState)),
    checkpointFirst: get(settingKeys.checkpointFirst) !== false,
    keepCheckpoints: whole(get(settingKeys.keepCheckpoints), 100, 3),
    deleteUndoSeconds: whole(get(settingKeys.deleteUndoSeconds), 60, 5),
    protectedVms: texts(get(settingKeys.protectedVms), longestPattern),
    snapshotStyle: oneOf(snapshotStyles, get(settingKeys.snapshotStyle)),
    treeSort: oneOf(treeSorts, get(settingKeys.treeSort)),
    treeLayout: oneOf(treeLayouts, get(settingKeys.treeLayout)),
  };
}

/** The value, or the first allowed one: that is the default in package.json too. */
function oneOf<T extends string>(allowed: readonly [T, ...T[]], value: unknown): T {
  return allowed.find((one) => one === value) ?? allowed[0];
}

/** A whole number from 0 to `most`; anything else counts as the default. */
function whole(value: unknown, most: number, usual: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most ? value : usual;
}

function texts(value: unknown, longest: number): readonly string[] {
  if (!Array.isArray(value)) {
    return [];
  }
  const trimmed = value.filter((one): one is string => typeof one === 'string').map((one) => one.trim());
  return [...new Set(trimmed.filter((one) => one !== '' && one.length <= longest))];
}
