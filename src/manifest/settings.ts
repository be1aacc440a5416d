// The settings that package.json promises, read as what they claim to be: a settings file is untrusted JSON, and a
// value that is not allowed counts as the default.
import { snapshotStyles } from '../domain/snapshot.js';
import type { WantedConnection } from '../domain/wantedConnection.js';
import { parseConnections } from './connectionSetting.js';
import { statesAfterRevert, type AfterRevert } from '../domain/operation.js';

export const styleChoices = ['auto', ...snapshotStyles] as const;
export const automaticActions = ['all', 'safe', 'none'] as const;
export const seamlessUses = ['whereItWorks', 'never'] as const;
export const treeSorts = ['time', 'name'] as const;
export const treeVmOrders = ['state', 'name', 'recent'] as const;
/** Each includes those before it. `look`: also what the guest shows; `act`: revert, undo, run programs in the guest. */
export const agentPermissions = ['none', 'look', 'checkpoint', 'act'] as const;
export type AgentPermission = (typeof agentPermissions)[number];
export const treeLayouts = ['tree', 'nested', 'list'] as const;

export interface Settings {
  /** In the person's order, each URI once. Empty: the defaults of this computer. */
  readonly connections: readonly WantedConnection[];
  readonly revertPowerState: AfterRevert;
  readonly checkpointFirst: boolean;
  /** 0 to 100. */
  readonly keepCheckpoints: number;
  /** The debug configurations by name, or all. */
  readonly checkpointBeforeDebugging: boolean | readonly string[];
  /** Names of tasks. */
  readonly checkpointAtTaskStart: readonly string[];
  readonly checkpointAfterBranchSwitch: boolean;
  /** 1 to 100: of the checkpoints that those three took, for each VM or system. */
  readonly keepAutoCheckpoints: number;
  /** By a connection's URI: what Prune offers first. */
  readonly pruneRules: Readonly<Record<string, PruneSetting>>;
  /** 0 to 60; 0: a delete begins at once. */
  readonly deleteUndoSeconds: number;
  /** 0 to 365: for how long the trash keeps what is put into it; 0: nothing is offered to be. */
  readonly trashDays: number;
  readonly automaticActions: (typeof automaticActions)[number];
  /** Names, patterns and UUIDs, trimmed. */
  readonly protectedVms: readonly string[];
  /** 0 to 1440; 0: no sweep by itself. */
  readonly healthSweepMinutes: number;
  /** Limits of the health checks; 0 switches one off. */
  readonly healthLayers: number;
  readonly healthAgeHours: number;
  readonly healthDeltaGb: number;
  readonly healthDeltaPercent: number;
  readonly healthAllDeltasGb: number;
  readonly healthFreePercent: number;
  readonly healthFullInDays: number;
  /** By a VM's name, a pattern of names, or a UUID. */
  readonly healthExceptions: Readonly<Record<string, HealthLimits>>;
  readonly snapshotStyle: (typeof styleChoices)[number];
  readonly seamlessSnapshots: (typeof seamlessUses)[number];
  readonly treeSort: (typeof treeSorts)[number];
  readonly treeLayout: (typeof treeLayouts)[number];
  readonly treeVms: (typeof treeVmOrders)[number];
  /** What agents may do, by a VM's name, a pattern of names, or a UUID. */
  readonly agentPermissions: Readonly<Record<string, AgentPermission>>;
  /** 0 to 1000, for each VM. */
  readonly agentCheckpoints: number;
  readonly agentSpaceGb: number;
}

const healthLimits = [
  'layers',
  'ageHours',
  'deltaGb',
  'deltaPercent',
  'allDeltasGb',
  'freePercent',
  'fullInDays',
] as const;

/** At least one of both. */
export interface PruneSetting {
  readonly keepLast?: number;
  readonly olderThanDays?: number;
}

type HealthLimits = Readonly<Partial<Record<(typeof healthLimits)[number], number>>>;

/** Full names as in package.json. */
export const settingKeys = {
  connections: 'virtRewind.connections',
  revertPowerState: 'virtRewind.revert.powerState',
  checkpointFirst: 'virtRewind.revert.checkpointFirst',
  keepCheckpoints: 'virtRewind.revert.keepCheckpoints',
  checkpointBeforeDebugging: 'virtRewind.autoCheckpoint.beforeDebugging',
  checkpointAtTaskStart: 'virtRewind.autoCheckpoint.atTaskStart',
  checkpointAfterBranchSwitch: 'virtRewind.autoCheckpoint.afterBranchSwitch',
  keepAutoCheckpoints: 'virtRewind.autoCheckpoint.keep',
  pruneRules: 'virtRewind.prune.rules',
  deleteUndoSeconds: 'virtRewind.delete.undoSeconds',
  trashDays: 'virtRewind.trash.days',
  automaticActions: 'virtRewind.automaticActions',
  protectedVms: 'virtRewind.protectedVms',
  healthSweepMinutes: 'virtRewind.health.sweepMinutes',
  healthLayers: 'virtRewind.health.layers',
  healthAgeHours: 'virtRewind.health.ageHours',
  healthDeltaGb: 'virtRewind.health.deltaGb',
  healthDeltaPercent: 'virtRewind.health.deltaPercent',
  healthAllDeltasGb: 'virtRewind.health.allDeltasGb',
  healthFreePercent: 'virtRewind.health.freePercent',
  healthFullInDays: 'virtRewind.health.fullInDays',
  healthExceptions: 'virtRewind.health.exceptions',
  snapshotStyle: 'virtRewind.snapshots.style',
  seamlessSnapshots: 'virtRewind.snapshots.seamless',
  treeSort: 'virtRewind.tree.sort',
  treeLayout: 'virtRewind.tree.layout',
  treeVms: 'virtRewind.tree.vms',
  agentPermissions: 'virtRewind.agents.permissions',
  agentCheckpoints: 'virtRewind.agents.checkpoints',
  agentSpaceGb: 'virtRewind.agents.spaceGb',
} as const satisfies Record<keyof Settings, string>;

/** Also where the trash is switched off, for who asks for it all the same. */
export const usualTrashDays = 7;

/** Longer ones are no URIs, and no names of VMs, but mistakes or attacks. */
const longestUri = 1_000;
const longestPattern = 300;

export function parseSettings(get: (key: string) => unknown): Settings {
  return {
    connections: parseConnections(get(settingKeys.connections)),
    revertPowerState: parseOneOf(statesAfterRevert, get(settingKeys.revertPowerState)),
    checkpointFirst: get(settingKeys.checkpointFirst) !== false,
    keepCheckpoints: parseWhole(get(settingKeys.keepCheckpoints), 100, 3),
    checkpointBeforeDebugging: parseAllOrNamed(get(settingKeys.checkpointBeforeDebugging)),
    checkpointAtTaskStart: parseTexts(get(settingKeys.checkpointAtTaskStart), longestPattern),
    checkpointAfterBranchSwitch: get(settingKeys.checkpointAfterBranchSwitch) === true,
    keepAutoCheckpoints: parseWhole(get(settingKeys.keepAutoCheckpoints), 100, 5) || 5,
    pruneRules: parsePruneRules(get(settingKeys.pruneRules)),
    deleteUndoSeconds: parseWhole(get(settingKeys.deleteUndoSeconds), 60, 5),
    trashDays: parseWhole(get(settingKeys.trashDays), 365, usualTrashDays),
    automaticActions: parseAutomaticActions(get(settingKeys.automaticActions)),
    protectedVms: protectedRows(get(settingKeys.protectedVms)),
    healthSweepMinutes: parseWhole(get(settingKeys.healthSweepMinutes), 1_440, 10),
    healthLayers: parseAmount(get(settingKeys.healthLayers)) ?? 8,
    healthAgeHours: parseAmount(get(settingKeys.healthAgeHours)) ?? 72,
    healthDeltaGb: parseAmount(get(settingKeys.healthDeltaGb)) ?? 10,
    healthDeltaPercent: parseAmount(get(settingKeys.healthDeltaPercent)) ?? 50,
    healthAllDeltasGb: parseAmount(get(settingKeys.healthAllDeltasGb)) ?? 30,
    healthFreePercent: parseAmount(get(settingKeys.healthFreePercent)) ?? 10,
    healthFullInDays: parseAmount(get(settingKeys.healthFullInDays)) ?? 7,
    healthExceptions: parseExceptions(get(settingKeys.healthExceptions)),
    snapshotStyle: parseOneOf(styleChoices, get(settingKeys.snapshotStyle)),
    seamlessSnapshots: seamlessOf(get(settingKeys.seamlessSnapshots)),
    treeSort: parseOneOf(treeSorts, get(settingKeys.treeSort)),
    treeLayout: parseOneOf(treeLayouts, get(settingKeys.treeLayout)),
    treeVms: parseOneOf(treeVmOrders, get(settingKeys.treeVms)),
    agentPermissions: permissionRows(get(settingKeys.agentPermissions)),
    agentCheckpoints: parseWhole(get(settingKeys.agentCheckpoints), 1_000, 50),
    agentSpaceGb: parseAmount(get(settingKeys.agentSpaceGb)) ?? 50,
  };
}

/** Where nobody can read what somebody forbids: all that a setting can forbid. */
export function strictestSettings(): Settings {
  const strictest: Readonly<Record<string, unknown>> = {
    [settingKeys.keepCheckpoints]: 100,
    [settingKeys.trashDays]: 365,
    [settingKeys.automaticActions]: 'none',
    [settingKeys.protectedVms]: ['*'],
    [settingKeys.seamlessSnapshots]: 'never',
    [settingKeys.agentPermissions]: { '*': 'none' },
    [settingKeys.agentCheckpoints]: 0,
    [settingKeys.agentSpaceGb]: 0,
  };
  return parseSettings((key) => strictest[key]);
}

/** Anything that is neither `true` nor a list: none. */
function parseAllOrNamed(value: unknown): Settings['checkpointBeforeDebugging'] {
  return Array.isArray(value) ? parseTexts(value, longestPattern) : value === true;
}

/** Absent: the default. Any other value was meant to forbid something: it counts as the one that forbids most. */
function parseAutomaticActions(value: unknown): Settings['automaticActions'] {
  return value === undefined ? 'all' : (automaticActions.find((one) => one === value) ?? 'none');
}

/** What is no name was meant to protect something: it counts as the pattern that protects all. */
function protectedRows(value: unknown): Settings['protectedVms'] {
  const rows: readonly unknown[] = value === undefined ? [] : Array.isArray(value) ? value : [value];
  return parseTexts(
    rows.map((row) => (typeof row === 'string' || typeof row === 'number' ? String(row) : '*')),
    longestPattern,
  );
}

/** A value, or a whole, that is none was meant to forbid something: it counts as the one that forbids most. */
function permissionRows(value: unknown): Settings['agentPermissions'] {
  if (value === undefined) {
    return {};
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return { '*': 'none' };
  }
  const rows = Object.entries(value).map(
    ([vm, given]) => [vm.trim(), agentPermissions.find((one) => one === given) ?? 'none'] as const,
  );
  return Object.fromEntries(rows.filter(([vm]) => vm !== '' && vm.length <= longestPattern));
}

/** Any other value was meant to forbid it. */
function seamlessOf(value: unknown): Settings['seamlessSnapshots'] {
  return value === undefined || value === 'whereItWorks' ? 'whereItWorks' : 'never';
}

/** The value, or the first allowed one: that is the default in package.json too. */
function parseOneOf<T extends string>(allowed: readonly [T, ...T[]], value: unknown): T {
  return allowed.find((one) => one === value) ?? allowed[0];
}

/** A whole number from 0 to `most`; anything else counts as the default. */
function parseWhole(value: unknown, most: number, usual: number): number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value <= most ? value : usual;
}

function parseAmount(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** An object of objects; what is no limit, and no number, is left out. */
function parseExceptions(value: unknown): Readonly<Record<string, HealthLimits>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {};
  }
  const entries = Object.entries(value).flatMap(([name, given]): readonly (readonly [string, HealthLimits])[] => {
    const vm = name.trim();
    if (vm === '' || vm.length > longestPattern || typeof given !== 'object' || given === null) {
      return [];
    }
    const limits = healthLimits.flatMap((limit) => {
      const number = parseAmount(Reflect.get(given, limit));
      return number === undefined ? [] : [[limit, number] as const];
    });
    return [[vm, Object.fromEntries(limits)]];
  });
  return Object.fromEntries(entries);
}

/** A rule with a part that is no number was meant to spare more: it is none. So is one without any part. */
function parsePruneRules(value: unknown): Settings['pruneRules'] {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return {};
  }
  const entries = Object.entries(value).flatMap(([uri, given]): readonly (readonly [string, PruneSetting])[] => {
    const row: unknown = given;
    const rule = typeof row !== 'object' || row === null ? {} : pruneSetting(row);
    return rule === undefined || Object.keys(rule).length === 0 ? [] : [[uri.trim(), rule]];
  });
  return Object.fromEntries(entries.filter(([uri]) => uri !== '' && uri.length <= longestUri));
}

function pruneSetting(given: object): PruneSetting | undefined {
  const parts = (['keepLast', 'olderThanDays'] as const).map((part) => [part, Reflect.get(given, part)] as const);
  const named = parts.filter(([, value]) => value !== undefined);
  return named.every(([, value]) => parseWhole(value, 99_999, -1) >= 0) ? Object.fromEntries(named) : undefined;
}

function parseTexts(value: unknown, longest: number): readonly string[] {
  if (!Array.isArray(value)) {
    return [];
  }
  const trimmed = value.filter((one): one is string => typeof one === 'string').map((one) => one.trim());
  return [...new Set(trimmed.filter((one) => one !== '' && one.length <= longest))];
}
