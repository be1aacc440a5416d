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
  readonly snapshotStyle: (typeof snapshotStyles)[number];
  readonly treeSort: (typeof treeSorts)[number];
  readonly treeLayout: (typeof treeLayouts)[number];
}

/** Full names as in package.json. */
export const settingKeys = {
  connections: 'virtRewind.connections',
  revertPowerState: 'virtRewind.revert.powerState',
  snapshotStyle: 'virtRewind.snapshots.style',
  treeSort: 'virtRewind.tree.sort',
  treeLayout: 'virtRewind.tree.layout',
} as const satisfies Record<keyof Settings, string>;

/** Longer ones are no URIs but mistakes or attacks. */
const longestUri = 1_000;

export function parseSettings(get: (key: string) => unknown): Settings {
  return {
    connections: uris(get(settingKeys.connections)),
    revertPowerState: oneOf(revertPowerStates, get(settingKeys.revertPowerState)),
    snapshotStyle: oneOf(snapshotStyles, get(settingKeys.snapshotStyle)),
    treeSort: oneOf(treeSorts, get(settingKeys.treeSort)),
    treeLayout: oneOf(treeLayouts, get(settingKeys.treeLayout)),
  };
}

/** The value, or the first allowed one: that is the default in package.json too. */
function oneOf<T extends string>(allowed: readonly [T, ...T[]], value: unknown): T {
  return allowed.find((one) => one === value) ?? allowed[0];
}

function uris(value: unknown): readonly string[] {
  if (!Array.isArray(value)) {
    return [];
  }
  const texts = value.filter((one): one is string => typeof one === 'string').map((one) => one.trim());
  return [...new Set(texts.filter((one) => one !== '' && one.length <= longestUri))];
}
