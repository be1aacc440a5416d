// What a configuration names for QEMU beside disks. Asks nobody whether it is there.
import type { NeededFile } from '../../domain/startNeeds.js';
import { attribute, find, parseXml, textOf, type XmlElement } from './xmlTree.js';

interface NamedForStart {
  readonly files: readonly NeededFile[];
  readonly emulator?: string;
  readonly arch?: string;
  readonly machine?: string;
}

/**
 * @param xml of a VM, or of a snapshot
 * @throws XmlError when it is too large or deep to be read
 */
export function parseStartNeeds(xml: string): NamedForStart {
  const root = parseXml(xml);
  const domain = root.name === 'domain' ? root : (find(root, 'domain') ?? find(root, 'inactiveDomain'));
  const os = find(domain, 'os');
  const text = (of: XmlElement | undefined): string | undefined => textOf(of)?.trim();
  const named: readonly (readonly [NeededFile['what'], string | undefined])[] = [
    ['loader', text(find(os, 'loader'))],
    ['kernel', text(find(os, 'kernel'))],
    ['initrd', text(find(os, 'initrd'))],
    ['dtb', text(find(os, 'dtb'))],
    ['template', attribute(find(os, 'nvram'), 'template')],
  ];
  const emulator = text(find(domain, 'devices', 'emulator'));
  const arch = attribute(find(os, 'type'), 'arch');
  const machine = attribute(find(os, 'type'), 'machine');
  return {
    files: named.flatMap(([what, file]) => (file?.startsWith('/') === true ? [{ what, file }] : [])),
    ...(emulator !== undefined && emulator !== '' && { emulator }),
    ...(arch !== undefined && { arch }),
    ...(machine !== undefined && { machine }),
  };
}
