// The generation ID of a VM, as QEMU tells its guest.
import assert from 'node:assert/strict';

/** @param virsh rejects when it does not end with 0 */
export async function generationId(
  virsh: (...args: readonly string[]) => Promise<string>,
  name: string,
): Promise<string> {
  const said = await virsh('qemu-monitor-command', name, '{"execute":"query-vm-generation-id"}');
  const { guid } = (JSON.parse(said) as { return: { guid: string } }).return;
  assert.match(guid, /^[0-9a-f-]{36}$/u);
  return guid;
}
