// What the display of a VM shows, by libvirt's stream of it: a PNG of QEMU's own, or older ones' plain pixels made one.
import { Failure } from '../../domain/failure.js';
import type { Connection } from '../../libvirt/connection.js';
import { errorCodes as code, LibvirtError } from '../../libvirt/libvirtError.js';
import { toFailure } from '../toFailure.js';
import { isPng, pngOfPixmap } from './pixmap.js';

/** Five times the plain pixels of a display of 3,840 × 2,160. */
const mostImageBytes = 128 * 1024 * 1024;

/** Rejects with a Failure: `unsupported` where the VM has no display. */
export async function readScreenshot(connection: Connection, uuid: string): Promise<Uint8Array> {
  const { dom } = await connection.call('domainLookupByUuid', { uuid });
  // The kind that libvirt names is not looked at: the bytes tell it themselves.
  const { stream } = await requireDisplay(connection.openStream('domainScreenshot', { dom, screen: 0, flags: 0 }));
  const pieces: Uint8Array[] = [];
  let size = 0;
  for await (const piece of stream as AsyncIterable<Uint8Array>) {
    size += piece.length;
    if (size > mostImageBytes) {
      throw new Failure('failed', { libvirtMessage: `a picture of more than ${mostImageBytes} bytes` });
    }
    pieces.push(piece);
  }
  const image = Buffer.concat(pieces, size);
  if (isPng(image)) {
    return image;
  }
  const png = await pngOfPixmap(image);
  if (png === undefined) {
    throw new Failure('failed', { libvirtMessage: 'the picture of the display cannot be read' });
  }
  return png;
}

async function requireDisplay<T>(opening: Promise<T>): Promise<T> {
  try {
    return await opening;
  } catch (error) {
    // To QEMU's driver a VM without a display is in the wrong state, as one that is off.
    if (error instanceof LibvirtError && error.code === code.VIR_ERR_OPERATION_INVALID) {
      throw new Failure('unsupported', toFailure(error).details, { cause: error });
    }
    throw error;
  }
}
