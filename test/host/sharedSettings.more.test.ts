// What the shells outside of this window are told: the user's settings, whatever the workspace says.
import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import * as vscode from 'vscode';
import { settingKeys } from '../../src/manifest/settings.js';
import { call, CommandRig } from './commandRig.js';

type Written = Readonly<Record<string, unknown>>;

describe('the settings that all shells share', () => {
  let rig: CommandRig;
  before(() => {
    rig = new CommandRig();
  });
  after(() => rig.stop());

  const ofWorkspace: Readonly<Record<string, unknown>> = {
    [settingKeys.connections]: ['test:///of-a-workspace', 'test:///of-another'],
    [settingKeys.checkpointFirst]: false,
    [settingKeys.keepCheckpoints]: 0,
    [settingKeys.trashDays]: 0,
    [settingKeys.snapshotStyle]: 'external',
    [settingKeys.seamlessSnapshots]: 'never',
    [settingKeys.revertPowerState]: 'off',
  };

  async function withWorkspace(act: () => Promise<void>): Promise<void> {
    const configuration = vscode.workspace.getConfiguration();
    const write = async (values: Written): Promise<void> => {
      for (const [key, value] of Object.entries(values)) {
        await configuration.update(key, value, vscode.ConfigurationTarget.Workspace);
      }
    };
    await write(ofWorkspace);
    try {
      await act();
    } finally {
      await write(Object.fromEntries(Object.keys(ofWorkspace).map((key) => [key, undefined])));
    }
  }

  /** With a value that the user sets last, which must be there. */
  async function written(marker: number): Promise<Written> {
    const file = join((await rig.api()).journal, 'settings.json');
    for (;;) {
      const { settings } = JSON.parse(await readFile(file, 'utf8')) as { readonly settings: Written };
      if (settings[settingKeys.healthLayers] === marker) {
        return settings;
      }
      await setImmediate();
    }
  }

  it("are the user's, and not those of a workspace", async () => {
    const before = await rig.withSettings({ 'health.layers': 21 }, () => written(21));
    await withWorkspace(async () => {
      const { trashDays, checkpointFirst } = settingKeys;
      const configuration = vscode.workspace.getConfiguration();
      assert.deepEqual([configuration.get(trashDays), configuration.get(checkpointFirst)], [0, false]);
      const now = await rig.withSettings({ 'health.layers': 22 }, () => written(22));
      assert.deepEqual({ ...now, [settingKeys.healthLayers]: 21 }, before);
    });
  });

  it("take no connection of a workspace when the user's are written", async () => {
    const own = (): unknown => vscode.workspace.getConfiguration().inspect(settingKeys.connections)?.globalValue;
    await rig.withSettings({ connections: [rig.uri, rig.driverUri] }, () =>
      withWorkspace(async () => {
        await assert.rejects(async () => call('virtRewind.removeConnection', { connection: 'test:///of-a-workspace' }));
        assert.deepEqual(own(), [rig.uri, rig.driverUri]);
      }),
    );
  });
});
