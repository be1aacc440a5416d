// A new VM of an image for programs: with what is usual where they say nothing.
import type { MadeForProgram, VmOrder } from '../../session/readers.js';
import { uncheckedText } from './guestText.js';
import { newVm, usualParts } from './make/newVm.js';

export async function makeVm({ image, name, options, onNote, ...order }: VmOrder): Promise<MadeForProgram> {
  const { onProgress, ...parts } = options;
  const connection = order.session.engine.connections[0]?.uri ?? '';
  const from = typeof image === 'string' ? { name: image } : image;
  const wanted = { ...usualParts, ...parts, connection, name, image: from };
  const { ref, by, isPartly, user, address, port } = await newVm(wanted, {
    ...order,
    onStep: () => undefined,
    onNote,
    onFetched: (fetched) => {
      const note = uncheckedText(fetched);
      if (note !== undefined) {
        onNote(note);
      }
    },
    onProgress: (bytes, totalBytes) => onProgress?.({ bytes, ...(totalBytes !== undefined && { totalBytes }) }),
  });
  const way = { ...(address !== undefined && { address }), ...(port !== undefined && { port }) };
  return { ref, ready: by, user, partly: isPartly, ...way };
}
