// Where `npm start` lands: in the view, its VMs open, a console that follows the first demo VM, and the walkthrough
// beside it, at the step that is about that VM.
import * as vscode from 'vscode';
import { treeViewId } from '../../manifest/viewIds.js';
import { setContextKeys } from '../contextKeys.js';
import { walkthrough } from '../firstLanding.js';
import type { CommandServices } from './commandServices.js';

const demoStep = { category: walkthrough, step: 'demo' };

type Services = Pick<CommandServices, 'engine' | 'tree' | 'consoles'>;

/** @param wanted names of VMs with commas between, the one with the console first */
export async function land(wanted: string, { engine, tree, consoles }: Services): Promise<void> {
  await setContextKeys({ 'virtRewind.demo': true });
  await vscode.commands.executeCommand('workbench.action.openWalkthrough', demoStep, false);
  await vscode.commands.executeCommand(`${treeViewId}.focus`);
  await Promise.all(engine.connections.map(({ uri }) => engine.connect(uri)));
  const views = wanted.split(',').flatMap((name) => engine.findVms(name.trim()).slice(0, 1));
  for (const { ref } of views.toReversed()) {
    await tree.focus.goToCurrent(ref);
  }
  const [first] = views;
  if (first !== undefined) {
    await consoles.show(first);
    await vscode.commands.executeCommand(`${treeViewId}.focus`);
  }
}
