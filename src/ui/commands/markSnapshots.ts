// Puts the mark "keep" on snapshots, or takes it off. Knows nothing of what the mark is good for.
import { type VmView, vmKey } from '../../inventory/views.js';
import type { CommandRun } from './commandServices.js';
import { noteInStatusBar } from '../prompts/notify.js';
import { targetSnapshots } from './targets.js';

/** Each VM's snapshots in one go. */
export async function markSnapshots(
  run: CommandRun,
  kept: 'kept' | 'free',
  placeholder: string,
  said: (titles: string) => string,
): Promise<void> {
  const targets = await targetSnapshots(run, placeholder);
  const views = new Map<string, VmView>(targets.map(({ view }) => [vmKey(view.ref), view]));
  for (const [key, { ref }] of views) {
    const names = targets.filter(({ view }) => vmKey(view.ref) === key).map(({ snapshot }) => snapshot.name);
    await run.inventory.setKept(ref, names, kept);
  }
  noteInStatusBar(said(targets.map(({ snapshot }) => snapshot.title).join(', ')));
}
