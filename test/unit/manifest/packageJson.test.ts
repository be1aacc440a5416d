// What package.json promises is what the code knows: commands, settings, context keys, menus, texts.
import { statesAfterRevert } from '../../../src/domain/operation.js';
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { root } from '../../../scripts/rig/root.mjs';
import { locateVsCode } from '../../../scripts/rig/vscodeInstall.mjs';
import { commandIds } from '../../../src/tables.js';
import { contextKeys, welcomeStates } from '../../../src/manifest/contextKeyTable.js';
import {
  agentPermissions,
  parseSettings,
  settingKeys,
  seamlessUses,
  styleChoices,
  treeLayouts,
  treeSorts,
  treeVmOrders,
} from '../../../src/manifest/settings.js';
import { containerId, lessonPanelType, treeViewId } from '../../../src/manifest/viewIds.js';
import { menuTokens } from '../../../src/text/rows/capabilityTokens.js';

interface MenuItem {
  /** Or a submenu. */
  readonly command?: string;
  readonly when?: string;
}
interface Manifest {
  readonly engines: { readonly vscode: string };
  readonly capabilities: { readonly untrustedWorkspaces: { readonly restrictedConfigurations: readonly string[] } };
  readonly contributes: {
    readonly viewsContainers: { readonly activitybar: readonly { readonly id: string; readonly icon: string }[] };
    readonly views: Readonly<Record<string, readonly { readonly id: string }[]>>;
    readonly viewsWelcome: readonly { readonly view: string; readonly contents: string; readonly when: string }[];
    readonly commands: readonly { readonly command: string; readonly icon?: string }[];
    readonly menus: Readonly<Record<string, readonly MenuItem[]>>;
    readonly walkthroughs: readonly {
      readonly steps: readonly { readonly when?: string; readonly completionEvents: readonly string[] }[];
    }[];
    readonly keybindings: readonly (MenuItem & { readonly key: string })[];
    readonly languageModelTools: readonly { readonly name: string; readonly displayName: string }[];
    readonly taskDefinitions: readonly {
      readonly type: string;
      readonly properties: Readonly<Record<string, { readonly enum?: readonly string[] }>>;
    }[];
    readonly configuration: {
      readonly properties: Readonly<
        Record<
          string,
          {
            readonly default: unknown;
            readonly scope?: string;
            readonly enum?: readonly string[];
            readonly additionalProperties?: { readonly enum?: readonly string[] };
          }
        >
      >;
    };
  };
}

const commandEvent = 'onCommand:';
const isContext = (event: string): boolean => event.startsWith('onContext:');
const text = readFileSync(join(root, 'package.json'), 'utf8');
const manifest = JSON.parse(text) as Manifest;
const { contributes } = manifest;
const nls = JSON.parse(readFileSync(join(root, 'package.nls.json'), 'utf8')) as Readonly<Record<string, string>>;
const whens = [...Object.values(contributes.menus).flat(), ...contributes.keybindings, ...contributes.viewsWelcome]
  .flatMap((item) => item.when ?? [])
  .concat(
    contributes.walkthroughs.flatMap(({ steps }) => steps.flatMap((step) => step.completionEvents)).filter(isContext),
    contributes.walkthroughs.flatMap(({ steps }) => steps.flatMap((step) => step.when ?? [])),
  );

describe('package.json', () => {
  it('admits no VS Code that is older than the oldest one of the tests', () => {
    const { version } = locateVsCode({ version: 'minimum' });
    assert.equal(manifest.engines.vscode, `^${version.replace(/\.\d+$/, '.0')}`);
  });

  it('links only known commands in its texts', () => {
    const linked = Object.values(nls).flatMap((one) => [...one.matchAll(/\(command:([\w.]+)[?)]/g)].map((m) => m[1]!));
    assert.notEqual(linked.length, 0);
    const ofEditor = ['workbench.action.tasks.runTask', 'workbench.action.debug.start'];
    const known: readonly string[] = [...commandIds, `${treeViewId}.focus`, ...ofEditor];
    assert.deepEqual(
      linked.filter((command) => !known.includes(command)),
      [],
    );
  });

  it('completes a step of the walkthrough by known commands alone', () => {
    const events = contributes.walkthroughs.flatMap(({ steps }) => steps.flatMap((step) => step.completionEvents));
    const commands = events.filter((event) => event.startsWith(commandEvent));
    assert.notEqual(commands.length, 0);
    assert.deepEqual(
      commands.filter((event) => !commandIds.some((id) => event === `${commandEvent}${id}`)),
      [],
    );
  });

  it('has a text for every key, and no text without one', () => {
    const used = new Set([...text.matchAll(/"%([\w.]+)%"/g)].map((match) => match[1]));
    assert.deepEqual([...used].toSorted(), Object.keys(nls).toSorted());
  });

  it('contributes the views that the code creates', () => {
    assert.deepEqual(
      contributes.viewsContainers.activitybar.map(({ id }) => id),
      [containerId],
    );
    assert.deepEqual(
      contributes.views[containerId]?.map(({ id }) => id),
      [treeViewId, 'virtRewind.guestFiles'],
    );
  });

  it('types every setting, with the same default and the same values', () => {
    const { properties } = contributes.configuration;
    assert.deepEqual(Object.keys(properties).toSorted(), Object.values(settingKeys).toSorted());
    const defaults = parseSettings(() => undefined);
    for (const [name, key] of Object.entries(settingKeys)) {
      assert.deepEqual(properties[key]?.default, defaults[name as keyof typeof defaults], key);
    }
    const values = (key: string): readonly string[] | undefined => properties[key]?.enum;
    assert.deepEqual(values(settingKeys.revertPowerState), [...statesAfterRevert]);
    assert.deepEqual(values(settingKeys.snapshotStyle), [...styleChoices]);
    assert.deepEqual(values(settingKeys.seamlessSnapshots), [...seamlessUses]);
    assert.deepEqual(values(settingKeys.treeSort), [...treeSorts]);
    assert.deepEqual(values(settingKeys.treeLayout), [...treeLayouts]);
    assert.deepEqual(values(settingKeys.treeVms), [...treeVmOrders]);
    assert.deepEqual(properties[settingKeys.agentPermissions]?.additionalProperties?.enum, [...agentPermissions]);
  });

  it('takes no connections from a workspace that is not trusted, and no checkpoints for it', () => {
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    assert.ok(restrictedConfigurations.includes(settingKeys.connections));
    const ofWork = Object.values(settingKeys).filter((key) => key.startsWith('virtRewind.autoCheckpoint.'));
    assert.equal(ofWork.length, 4);
    assert.deepEqual(
      ofWork.filter((key) => !restrictedConfigurations.includes(key)),
      [],
    );
  });

  it('takes nothing from a workspace that is not trusted but how it looks', () => {
    const { restrictedConfigurations } = manifest.capabilities.untrustedWorkspaces;
    const free = Object.values(settingKeys).filter((key) => !restrictedConfigurations.includes(key));
    const scopes = free.map((key) => contributes.configuration.properties[key]?.scope);
    assert.deepEqual([...new Set(scopes)].toSorted(), ['application', 'machine']);
  });

  it('asks only for context keys that are set', () => {
    const known = new Set<string>([...contextKeys, treeViewId, lessonPanelType, ...Object.values(settingKeys)]);
    const asked = whens.flatMap((when) => when.match(/\bvirtRewind\.[\w.]+/g) ?? []);
    assert.deepEqual(
      asked.filter((key) => !known.has(key)),
      [],
    );
    const set = contextKeys.filter((key) => !asked.includes(key));
    assert.deepEqual(set, [], 'set and never asked for');
  });

  it('has a welcome for every state of an empty view', () => {
    const welcomed = contributes.viewsWelcome.flatMap(({ when }) => /welcome == '(\w+)'/.exec(when)?.[1] ?? []);
    assert.deepEqual([...new Set(welcomed)].toSorted(), welcomeStates.filter((state) => state !== 'none').toSorted());
  });

  it('asks rows only for capabilities that rows can have, and for all of them', () => {
    const asked = whens.flatMap((when) =>
      [...when.matchAll(/viewItem =~ \/\\b(\S+);\//g)].flatMap((match) => match[1]!.replace(/[()]/g, '').split('|')),
    );
    assert.deepEqual([...new Set(asked)].toSorted(), menuTokens.toSorted());
  });
});

describe('settings', () => {
  it('take a value that is not allowed as the default', () => {
    const hostile: Readonly<Record<string, unknown>> = {
      [settingKeys.connections]: 'qemu:///system',
      [settingKeys.revertPowerState]: 'explode',
      [settingKeys.snapshotStyle]: 7,
      [settingKeys.treeSort]: null,
      [settingKeys.treeLayout]: ['tree'],
    };
    assert.deepEqual(
      parseSettings((key) => hostile[key]),
      parseSettings(() => undefined),
    );
  });

  it('take the addresses that are addresses, once each', () => {
    const connections = [' qemu:///system ', 'qemu:///system', '', 4, null, 'x'.repeat(5_000), 'test:///default'];
    assert.deepEqual(parseSettings((key) => (key === settingKeys.connections ? connections : undefined)).connections, [
      { uri: 'qemu:///system' },
      { uri: 'test:///default' },
    ]);
  });
});
