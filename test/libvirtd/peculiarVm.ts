// VMs of the oracle whose disks are not plain files: encrypted, a part of a file, left out of snapshots by their owner,
// …
import { join } from 'node:path';
import { virshOk, withXmlFile } from '../../scripts/guest/defineVm.mjs';
import { runOk } from '../../scripts/rig/run.mjs';
import { readDisks } from '../../src/driver/xml/diskXml.js';
import { parseXml } from '../../src/driver/xml/xmlTree.js';
import type { VmDisk } from '../../src/domain/vm.js';
import { OracleVm } from '../oracle/oracleVm.js';
import type { LiveRig } from './engineRig.js';
import { GuestVm } from './guestVm.js';

export interface Peculiar {
  readonly name: string;
  readonly disks?: Parameters<typeof OracleVm.define>[1]['disks'];
  /** Edits the configuration; it gets the file of the first disk. */
  readonly edit?: (xml: string, file: string) => string;
}

/** A VM that is off, known to the inventory. */
export async function definePeculiar(r: LiveRig, { name, disks = ['qcow2'], edit }: Peculiar): Promise<GuestVm> {
  const vm = await OracleVm.define(r.daemon, { name, disks });
  if (edit !== undefined) {
    await redefine(r, name, (xml) => edit(xml, vm.guest.disks[0]!.file));
  }
  await r.engine.refresh({ connection: r.uri });
  return new GuestVm(r.engine, vm, await r.ref(name));
}

export async function redefine(r: LiveRig, name: string, edit: (xml: string) => string): Promise<void> {
  const xml = await r.virsh('dumpxml', '--inactive', '--security-info', name);
  await withXmlFile(edit(xml), (file) => virshOk(r.daemon.virsh, 'define', file));
}

/** With this inside of the `<source>` of the first disk. */
export function insideSource(xml: string, inner: string): string {
  return xml.replace(/(<source file='[^']*')\/>/u, `$1>${inner}</source>`);
}

/** The disks that it runs on, or has where it is off. */
export async function disksOf(r: LiveRig, name: string): Promise<readonly VmDisk[]> {
  return readDisks(parseXml(await r.virsh('dumpxml', name)));
}

export function stateOf(r: LiveRig, name: string): Promise<string> {
  return r.virsh('domstate', name);
}

/** RAM that is a file; the guest has a NUMA node for it. */
export async function withNvdimm(r: LiveRig, name: string): Promise<{ readonly vm: GuestVm; readonly file: string }> {
  const file = join(r.daemon.dir, `${name}.nvdimm`);
  await runOk('truncate', ['-s', '256M', file]);
  const nvdimm =
    `<memory model='nvdimm' access='shared'><source><path>${file}</path></source><target><size unit='MiB'>256</size>` +
    "<node>0</node><label><size unit='KiB'>128</size></label></target></memory></devices>";
  const vm = await definePeculiar(r, {
    name,
    edit: (xml) =>
      xml
        .replace(/<memory unit='KiB'>4096<\/memory>\s*<currentMemory[^]*?<\/currentMemory>/u, ram)
        .replace('</features>', `</features>${node}`)
        .replace('</devices>', nvdimm),
  });
  return { vm, file };
}

const ram = "<maxMemory slots='4' unit='MiB'>1024</maxMemory><memory unit='MiB'>260</memory>";
const node = "<cpu><numa><cell id='0' cpus='0' memory='4096' unit='KiB'/></numa></cpu>";
