// The documents of a VM that is restored: each file under its new name, and nothing of somebody else's.
import assert from 'node:assert/strict';
import type { RestoredVm } from '../../../src/domain/copiedVm.js';
import { hostUse, namedFiles, writeRestored } from '../../../src/driver/xml/copiedXml.js';
import { XmlError } from '../../../src/driver/xml/xmlTree.js';

const uuid = '00000000-0000-4000-8000-000000000001';
const newUuid = '00000000-0000-4000-8000-000000000002';

const domain = (tag: string, file: string): string =>
  `<${tag}><name>web</name><uuid>${uuid}</uuid><os><nvram template="/t.fd">/a/web.fd</nvram></os>` +
  '<metadata><clone xmlns="urn:virt-rewind:clone:1" of="x"><file>/a/base</file></clone></metadata><devices>' +
  `<disk type="file" device="disk"><source file="${file}"/><backingStore type="file"><source file="/a/base"/></backingStore>` +
  '<target dev="vda"/></disk><disk type="file" device="cdrom"><source file="/iso"/><target dev="sda"/></disk>' +
  `<interface type="user"><mac address="52:54:00:AA:00:01"/></interface></devices></${tag}>`;
const snapshot =
  '<domainsnapshot><name>s</name><state>running</state><memory snapshot="external" file="/a/ram"/>' +
  '<disks><disk name="vda" snapshot="external"><source file="/a/top"/></disk></disks>' +
  '<revertDisks><disk name="vda"><source file="/a/again"/></disk></revertDisks>' +
  `${domain('domain', '/a/frozen')}${domain('inactiveDomain', '/a/frozen')}</domainsnapshot>`;

const named = ['/a/base', '/a/frozen', '/a/top', '/a/again', '/a/ram', '/a/web.fd'];
const restored = (identity: RestoredVm['identity']): RestoredVm => ({
  ...(identity === 'same' ? { name: 'web', uuid } : { name: 'other', uuid: newUuid }),
  identity,
  documents: { definition: '', snapshots: [] },
  files: named.map((from) => ({ from, to: from.replace('/a/', '/b/') })),
});

describe('the documents of a restored VM', () => {
  it('name all files, but the media in drives', () => {
    assert.deepEqual([...namedFiles(snapshot).files].sort(), [...named].sort());
    assert.deepEqual(namedFiles(snapshot).odd, []);
  });

  it('tell which disks are no plain files', () => {
    const odd = (source: string, more = ''): readonly string[] =>
      namedFiles(`<domain><devices><disk>${source}${more}<target dev="vdb"/></disk></devices></domain>`).odd;
    for (const source of [
      '<source dev="/dev/sda"/>',
      '<source pool="p" volume="v"/>',
      '<source protocol="nbd"/>',
      '<source file="relative"/>',
      '<source file="/a"><slices/></source>',
      '<source file="/a"><encryption format="luks"/></source>',
      '<source file="/a" dev="/dev/sda"/>',
      '<source file="/a"><reservations managed="no"/></source>',
    ]) {
      assert.deepEqual(odd(source), ['vdb'], source);
    }
    assert.deepEqual(odd('<source file="/a"/>', '<mirror/>'), ['vdb']);
    assert.deepEqual(odd('<source file="/a"/>'), []);
    const typed = '<disk type="block"><source file="/a"/><target dev="vdb"/></disk>';
    assert.deepEqual(namedFiles(`<domain><devices>${typed}</devices></domain>`).odd, ['vdb']);
    for (const nvram of [
      '<nvram type="block"><source dev="/dev/sda"/></nvram>',
      '<nvram type="block"><source file="/a" dev="/dev/sda"/></nvram>',
      '<nvram>relative</nvram>',
    ]) {
      assert.deepEqual(namedFiles(`<domain><os>${nvram}</os></domain>`).odd, ['nvram'], nvram);
    }
    assert.deepEqual(namedFiles('<domain><os><nvram template="/t.fd"/></os></domain>').odd, []);
  });

  it('have the new names everywhere, and no mark of a clone', () => {
    const xml = writeRestored(snapshot, restored('same'));
    assert.doesNotMatch(xml, /"\/a\/|>\/a\/|virt-rewind:clone/u);
    assert.match(xml, /<nvram template="\/t.fd">\/b\/web.fd</u);
    assert.match(xml, /<memory snapshot="external" file="\/b\/ram"/u);
    assert.match(xml, /52:54:00:AA:00:01/u);
  });

  it('have an identity of their own, and no RAM of the other VM', () => {
    const xml = writeRestored(snapshot, restored('new'));
    assert.doesNotMatch(xml, new RegExp(`${uuid}|>web<|AA:00:01|external" file`, 'u'));
    const addresses = [...xml.matchAll(/mac address="([^"]+)"/gu)].map(([, address]) => address);
    assert.equal(addresses.length, 2);
    assert.equal(new Set(addresses).size, 1);
    assert.match(xml, /<state>disk-snapshot</u);
  });

  it('are not written with a file that the backup does not have', () => {
    const files = restored('same').files.filter(({ from }) => from !== '/a/again');
    assert.throws(() => writeRestored(snapshot, { ...restored('same'), files }), XmlError);
  });

  it('are not written with what libvirt would read, and nobody here', () => {
    const disk = '<disk type="block"><source dev="/dev/sda"/><target dev="vdb"/></disk>';
    const frozen = '<source file="/a/frozen"/>';
    for (const [from, to] of [
      ['</devices>', `${disk}</devices>`],
      ['</devices>', `</devices><devices>${disk}</devices>`],
      ['</os>', '</os><os><nvram>/etc/passwd</nvram></os>'],
      ['</os>', '<nvram>/etc/passwd</nvram></os>'],
      [frozen, `${frozen}<source file="/etc/passwd"/>`],
      [frozen, `<x:source xmlns:x="urn:x" file="/etc/passwd"/>${frozen}`],
      [frozen, '<source xmlns:x="urn:x" file="/a/frozen" x:file="/etc/passwd"/>'],
      ['</disks>', '<d name="vdb"><source file="/etc/passwd"/></d></disks>'],
      ['</disks>', '</disks><disks><disk name="vdb"><source file="/etc/passwd"/></disk></disks>'],
    ] as const) {
      assert.ok(snapshot.includes(from));
      assert.throws(() => writeRestored(snapshot.replace(from, to), restored('same')), XmlError, to);
    }
  });

  it('are not written with an image of another format than the backup has', () => {
    const vm = { ...restored('same'), files: restored('same').files.map((file) => ({ ...file, format: 'raw' })) };
    const written = (file: string, said: string): string =>
      writeRestored(snapshot.replaceAll(`<source file="${file}"/>`, `${said}$&`), vm);
    assert.match(written('/a/frozen', '<driver type="raw"/>'), /"\/b\/frozen"/u);
    assert.throws(() => written('/a/frozen', '<driver type="qcow2"/>'), XmlError);
    assert.throws(() => written('/a/base', '<format type="qcow2"/>'), XmlError);
  });
});

describe('a restored VM that is isolated', () => {
  const secret = '/etc/passwd';
  const isolated = (devices: string, others = ''): string =>
    writeRestored(`<domain><name>web</name><uuid>${uuid}</uuid>${others}<devices>${devices}</devices></domain>`, {
      ...restored('same'),
      isolated: true,
    });

  it('has no settings that name the host', () => {
    const xml = isolated(
      '',
      `<sysinfo type="fwcfg"><entry name="opt/x" file="${secret}"/><entry name="opt/y">y</entry></sysinfo>` +
        `<os><type>hvm</type><acpi><table type="slic">${secret}</table></acpi>` +
        '<loader type="pflash" readonly="no">/usr/share/x.fd</loader></os>' +
        '<seclabel type="static" model="dac"><label>+0:+0</label></seclabel>' +
        `<qemu:commandline xmlns:qemu="urn:q"><qemu:arg value="${secret}"/></qemu:commandline><unknown/>`,
    );
    assert.equal(
      xml.slice(xml.indexOf('<sysinfo')),
      '<sysinfo type="fwcfg"><entry name="opt/y">y</entry></sysinfo><os><type>hvm</type>' +
        '<loader type="pflash" readonly="yes">/usr/share/x.fd</loader></os><devices/></domain>',
    );
  });

  for (const [device, left] of [
    [`<emulator>${secret}</emulator>`, ''],
    ['<emulator>/usr/bin/../../etc/qemu</emulator>', ''],
    ['<emulator>/usr/bin/env</emulator>', ''],
    ['<emulator>/usr/bin/qemu-system-x86_64</emulator>', '<emulator>/usr/bin/qemu-system-x86_64</emulator>'],
    [`<disk type="file" device="cdrom"><source file="${secret}"/></disk>`, '<disk type="file" device="cdrom"/>'],
    [`<disk type="block" device="floppy"><source dev="${secret}"/></disk>`, '<disk type="file" device="floppy"/>'],
    ...['hostdev', 'filesystem', 'shmem', 'lease', 'vsock', 'pstore', 'unknown'].map((name) => [`<${name}/>`, '']),
    [`<memory model="nvdimm"><source><path>${secret}</path></source></memory>`, ''],
    [`<interface type="ethernet"><script path="${secret}"/></interface>`, ''],
    ['<interface type="vhostuser"/>', ''],
    ['<interface type="direct"><source dev="eth0" mode="passthrough"/></interface>', ''],
    [
      `<interface type="user"><backend logFile="${secret}"/><portForward proto="tcp"/></interface>`,
      '<interface type="user"><link state="down"/></interface>',
    ],
    [
      `<interface type="bridge"><rom file="${secret}"/><script path="${secret}"/></interface>`,
      '<interface type="bridge"><link state="down"/></interface>',
    ],
    [`<input type="evdev"><source dev="${secret}"/></input>`, ''],
    [`<audio id="1" type="file" path="${secret}"/>`, '<audio id="1" type="none"/>'],
    [
      `<video><driver name="vhostuser"/><model><acceleration rendernode="${secret}"/></model></video>`,
      '<video><model/></video>',
    ],
    [`<graphics type="egl-headless"><gl rendernode="${secret}"/></graphics>`, ''],
    [
      `<graphics type="spice" port="5900" listen="0.0.0.0"><listen type="socket"/><gl rendernode="${secret}"/></graphics>`,
      '<graphics type="spice" port="-1" autoport="yes"><listen type="address" address="127.0.0.1"/></graphics>',
    ],
    ['<redirdev type="tcp"/>', ''],
    [`<smartcard mode="host-certificates"><database>${secret}</database></smartcard>`, ''],
    [
      `<rng><backend model="random">${secret}</backend></rng>`,
      '<rng><backend model="random">/dev/urandom</backend></rng>',
    ],
    [`<tpm><backend type="passthrough"><device path="${secret}"/></backend></tpm>`, ''],
    [
      `<tpm><backend type="emulator" version="2.0"><source path="${secret}"/></backend></tpm>`,
      '<tpm><backend type="emulator" version="2.0"/></tpm>',
    ],
    [`<serial type="file"><source path="${secret}"/><log file="${secret}"/></serial>`, '<serial type="pty"/>'],
    [`<console type="stdio"><log file="${secret}"/></console>`, '<console type="pty"/>'],
    [`<channel type="unix"><source path="${secret}"/></channel>`, '<channel type="unix"/>'],
    [`<channel type="file"><source path="${secret}"/></channel>`, ''],
  ] as const) {
    it(`has instead of ${device}: ${left === '' ? 'nothing' : left}`, () => {
      const xml = isolated(`<panic/>${device}`);
      assert.equal(xml.slice(xml.indexOf('<devices>')), `<devices><panic/>${left}</devices></domain>`);
    });
  }

  it('names what it starts with there', () => {
    const os = '<os><loader>/l</loader><nvram template="/t"/><kernel>/k</kernel><initrd>/i</initrd><dtb>/d</dtb></os>';
    const xml = `<domain>${os}<devices/></domain>`;
    const { bootFiles } = hostUse(xml, { ...restored('same'), isolated: true });
    assert.deepEqual([...bootFiles].sort(), ['/d', '/i', '/k', '/l', '/t']);
    assert.deepEqual(hostUse(xml, restored('same')).bootFiles, []);
  });
});

describe('what a restored VM uses of its host', () => {
  it('is told, but what every host has', () => {
    const xml =
      '<domain><name>/web</name><metadata><x path="/x"/></metadata><os><loader>/usr/share/x.fd</loader>' +
      '<kernel>/k</kernel></os><seclabel type="none"/><seclabel type="dynamic"/><qemu:commandline/><devices>' +
      '<emulator>/usr/bin/qemu</emulator><disk><source file="/a/base"/><target dev="vda"/></disk><hostdev/>' +
      '<interface type="vdpa"/><disk device="cdrom"><source file="/etc/shadow"/></disk>' +
      '<rng><backend>/dev/urandom</backend></rng><serial><source path="/usr/../etc/x"/></serial></devices></domain>';
    assert.deepEqual(hostUse(xml, restored('same')).parts, [
      ...['kernel /k', 'seclabel', 'qemu:commandline', 'hostdev', 'interface', 'disk /etc/shadow'],
      'serial /usr/../etc/x',
    ]);
    const odd = xml.replace('<source file="/a/base"/>', '<source dev="/dev/sda"/>');
    assert.deepEqual(hostUse(odd, restored('same')), { odd: ['vda'], parts: [], bootFiles: [] });
  });
});
