// An address for debuggers, as a launch configuration gets it, and a session that comes back after a revert.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import * as vscode from 'vscode';
import { call, CommandRig, rejects } from './commandRig.js';

const vm = 'debugged';

describe('debuggers of the editor', () => {
  let rig: CommandRig;

  before(async () => {
    rig = new CommandRig();
    await rig.talkingGuest(vm);
    await call('virtRewind.connect', { connection: rig.uri });
    await call('virtRewind.refresh');
  });
  after(() => rig.stop());

  it('are given an address of a VM that is on, also after a revert', async () => {
    await rejects(call('virtRewind.attachDebugger', { vm, confirm: false }), 'refused');
    await call('virtRewind.start', { vm });
    await call('virtRewind.createSnapshot', { vm, title: 'then', kind: 'memory' });
    const { engine } = await rig.api();
    const { ref } = await rig.vmRow(vm);
    const again = { vm, snapshot: 'then', after: 'paused', checkpointFirst: false, confirm: false };
    const address = await call('virtRewind.attachDebugger', again);
    assert.match(String(address), /^\/.*\/vm$/u);
    assert.equal(engine.findVm(ref)?.vm.power, 'paused');
    assert.equal(await call('virtRewind.attachDebugger', { vm, confirm: false }), address, 'it is the same one');
    const debuggers = connect(String(address));
    // What QEMU knows of the protocol: it has let it in.
    debuggers.write('$qSupported#37');
    await once(debuggers, 'data');

    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const program = join(folder.uri.fsPath, 'debugged.js');
    writeFileSync(program, 'setInterval(() => {}, 1000);\n');
    let isBack = false;
    const comesBack = new Promise<vscode.DebugSession>((resolve) => {
      vscode.debug.onDidStartDebugSession((session) => {
        if (isBack && session.configuration.name === 'kernel') {
          resolve(session);
        }
      });
    });
    const configuration = { type: 'node', request: 'launch', name: 'kernel', program, args: [address] };
    assert.ok(await vscode.debug.startDebugging(folder, configuration));
    isBack = true;
    await call('virtRewind.revert', { vm, snapshot: 'then', after: 'running', checkpointFirst: false, confirm: false });
    const session = await comesBack;
    assert.deepEqual(session.configuration['args'], [address]);
    assert.ok(debuggers.readableEnded || debuggers.destroyed, 'its server is gone');
    await vscode.debug.stopDebugging();
  });
});
