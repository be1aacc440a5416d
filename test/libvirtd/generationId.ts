// The generation ID of a VM, as QEMU tells its guest.
import assert from 'node:assert/strict';
import type { LiveRig } from './engineRig.js';

export async function generationId({ virsh }: Pick<LiveRig, 'virsh'>, name: string): Promise<string> {
  const said = await virsh('qemu-monitor-command', name, '{"execute":"query-vm-generation-id"}');
  const { guid } = (JSON.parse(said) as { return: { guid: string } }).return;
  assert.match(guid, /^[0-9a-f-]{36}$/u);
  return guid;
}
