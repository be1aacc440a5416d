// What stands beside the disks in a plain copy of a VM: the manifest, the checksums, what libvirt defines, and how a
// person brings it back with them alone. In English: it goes to other people. Pure.
import { createHash } from 'node:crypto';
import { posix } from 'node:path';
import { shellWord } from '../../../base/shellWord.js';
import type { VmDocuments } from '../../../domain/copiedVm.js';
import { displayLine } from '../../../domain/plainText.js';
import { type Manifest, manifestName } from '../../../transfer/manifest.js';

interface PaperWish {
  /** Text of the manifest. */
  readonly text: string;
  /** The folder that the documents name. */
  readonly home: string;
  readonly kind: 'export' | 'replica';
}

export const sumsName = 'SHA256SUMS';

/** By their names in the folder. */
export function paperFiles(manifest: Manifest, documents: VmDocuments, wish: PaperWish): ReadonlyMap<string, string> {
  const files = new Map([[manifestName, wish.text]]);
  files.set('xml/vm.xml', documents.definition);
  documents.snapshots.forEach(({ xml }, at) => files.set(snapshotFile(at), xml));
  const sums = [
    ...new Map(manifest.files.flatMap(({ place = '', sha256 }) => (sha256 === undefined ? [] : [[place, sha256]]))),
  ].map(([place, sum]) => `${sum}  disks/${place}\n`);
  const own = [...files].map(([name, text]) => `${createHash('sha256').update(text).digest('hex')}  ${name}\n`);
  return files.set(sumsName, [...sums, ...own].join('')).set('README.txt', readme(manifest, documents, wish));
}

function snapshotFile(at: number): string {
  return `xml/snapshot-${at + 1}.xml`;
}

function readme(manifest: Manifest, documents: VmDocuments, { home, kind }: PaperWish): string {
  const { vm, replicaOf, madeAt, present } = manifest;
  const time = new Date(madeAt).toISOString();
  const name = shellWord(vm.name);
  const snapshots = documents.snapshots.flatMap(({ name: own, xml }, at) => {
    const define = `virsh snapshot-create ${name} ${snapshotFile(at)} --redefine`;
    // libvirt 9.9 and newer forgets them with --current.
    const again = xml.includes('<revertDisks') ? [define] : [];
    return own === documents.current ? [`${define} --current`, ...again] : [define];
  });
  return `${displayLine(vm.name)}: ${kind === 'export' ? 'export' : `replica of the VM on ${displayLine(replicaOf ?? '')}`}, ${time}

A virtual machine of libvirt with its ${documents.snapshots.length} snapshots, written by Virt Rewind.
${present ? 'Its current state is included.' : 'Its current state is not included, because it was running: it comes back as its current snapshot.'}
${
  kind === 'export'
    ? 'Passwords that libvirt keeps, such as that of the display, are not included. What is on the disks is.'
    : 'Passwords that libvirt keeps are included. libvirt does not know this replica, so nothing starts it.'
}

  sha256sum -c ${sumsName}        checks the files

With Virt Rewind:

  virt-rewind restore FOLDER --folder /var/lib/libvirt/images
  virt-rewind restore FOLDER --folder /var/lib/libvirt/images --as NAME     as a new VM

FOLDER is this folder. It is only read.

Without it, as root:

1. Copy the folder, so that this one stays as it is, and go there:

  cp -r --sparse=always . ${shellWord(home)}
  cd ${shellWord(home)}

   For another place, change the XML files there:
   sed -i 's#${home}/#/the/other/place/#g' xml/*.xml

2. Tell each disk where the one below it is:

${indent(chainCommands(manifest))}

3. Define the VM and its snapshots:

${indent(['virsh define xml/vm.xml', ...snapshots])}
${tpmPart(manifest)}`;
}

function tpmPart({ vm, tpm = [] }: Manifest): string {
  const folder = `/var/lib/libvirt/swtpm/${vm.uuid}/tpm2`;
  const state = `next(one["state"] for one in json.load(open("${manifestName}"))["tpm"] if "present" in one)`;
  const command = `python3 -c 'import json; print(${state})' | base64 -d >${folder}/tpm2-00.permall`;
  return tpm.some(({ present }) => present)
    ? `
4. Before its first start, give it the state of its TPM:

${indent([`mkdir -p ${folder}`, command])}
`
    : '';
}

function chainCommands({ files }: Manifest): readonly string[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const commands = files.flatMap(({ content, place = '', backing, virtualBytes = 0 }) => {
    const below = byPath.get(backing ?? '');
    if (below?.place === undefined || content === 'none') {
      return [];
    }
    const rest = `-F ${below.format ?? 'raw'} -b ${below.place}`;
    const image = posix.join('disks', place);
    return content === 'stored'
      ? [`qemu-img rebase -u -f qcow2 ${rest} ${image}`]
      : [`qemu-img create -u -f qcow2 ${rest} ${image} ${virtualBytes}`];
  });
  return [...new Set(commands)];
}

function indent(lines: readonly string[]): string {
  return lines.length === 0 ? '  (none)' : lines.map((line) => `  ${line}`).join('\n');
}
