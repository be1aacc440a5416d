// What a managed save says of itself: the files that its VM was on, and goes on writing to once its RAM is back.
import type { Connection } from '../libvirt/connection.js';
import { LibvirtError } from '../libvirt/libvirtError.js';
import type { Domain } from '../libvirt/structs.js';
import type { SavedDisk } from '../domain/vm.js';
import { readDisks } from './xml/diskXml.js';
import { parseQuickly } from './xml/plainXml.js';
import { XmlError } from './xml/xmlTree.js';

/** Undefined: there is no save, it is no such file, or this libvirt does not tell (before 3.7). */
export async function readSavedDisks(connection: Connection, dom: Domain): Promise<readonly SavedDisk[] | undefined> {
  try {
    const { xml } = await connection.call('domainManagedSaveGetXmlDesc', { dom, flags: 0 });
    return readDisks(parseQuickly(xml)).flatMap(({ target, source }) =>
      source === undefined ? [] : [{ target, file: source }],
    );
  } catch (error) {
    if (error instanceof LibvirtError || error instanceof XmlError) {
      return undefined;
    }
    throw error;
  }
}
