// In which VMs a window of the editor was opened from here: nothing tells whether it is still open.
import type { Memento } from 'vscode';

const lastsMs = 7 * 24 * 60 * 60_000;

export async function noteGuestWindow(remembered: Memento, uuid: string): Promise<void> {
  await remembered.update(keyOf(uuid), Date.now());
}

export function hasGuestWindow(remembered: Pick<Memento, 'get'>, uuid: string): boolean {
  const at = remembered.get<unknown>(keyOf(uuid));
  return typeof at === 'number' && Math.abs(Date.now() - at) < lastsMs;
}

function keyOf(uuid: string): string {
  return `guestWindow:${uuid}`;
}
