// The documents of a VM that is restored: each file under its new name, and nothing of somebody else's.
import assert from 'node:assert/strict';
import type { HostRule, RestoredVm } from '../../../src/domain/copiedVm.js';
import { bootFilesIn, partsOfSame, writeCookie, writeRestored as write } from '../../../src/driver/xml/copiedXml.js';
import { namedFiles, volumesAsSources } from '../../../src/driver/xml/namedFiles.js';
import { XmlError } from '../../../src/driver/xml/xmlTree.js';

const uuid = '00000000-0000-4000-8000-000000000001';
const newUuid = '00000000-0000-4000-8000-000000000002';

const qemu = '/usr/bin/qemu-system-x86_64';
const host: HostRule = {
  isolated: false,
  bootFiles: new Map([['/t.fd', '/usr/share/t.fd']]),
  emulators: new Map([['x86_64 qemu', qemu]]),
};
const writeRestored = (xml: string, vm: RestoredVm): string => write(xml, vm, host).xml;

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
      '<source file="/a"><encryption format="luks"><secret type="passphrase"/></encryption></source>',
      '<source file="/a"><encryption format="qcow"><secret type="passphrase" uuid="u"/></encryption></source>',
      '<source file="/a"><encryption format="luks" engine="librbd"><secret type="passphrase" uuid="u"/></encryption></source>',
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

  it('name devices, and the secrets of encrypted disks', () => {
    const of = (disk: string): ReturnType<typeof namedFiles> =>
      namedFiles(`<domain><devices>${disk}</devices></domain>`);
    const target = '<target dev="vdb"/></disk>';
    const device = of(`<disk type="block"><source dev="/dev/vg/web"/>${target}`);
    assert.deepEqual(device, { files: ['/dev/vg/web'], odd: [], special: ['vdb'], secrets: [] });
    assert.deepEqual(of(`<disk type="block" device="lun"><source dev="/dev/sdb"/>${target}`).odd, ['vdb']);
    const luks = '<encryption format="luks"><secret type="passphrase" usage="web"/></encryption>';
    for (const disk of [`<source file="/a">${luks}</source>`, `<source file="/a"/>${luks}`]) {
      const { odd, secrets } = of(`<disk type="file">${disk}${target}`);
      assert.deepEqual([odd, secrets], [[], [{ disk: 'vdb', name: 'web' }]], disk);
    }
  });

  it('have a device as a file, and a file as a device, as the new name says', () => {
    const disk = (source: string, type: string): string =>
      `<domain><name>web</name><uuid>${uuid}</uuid><devices><disk type="${type}" device="disk"><source ${source}/>` +
      '<target dev="vda"/></disk></devices></domain>';
    const moved = (xml: string, from: string, to: string): string =>
      writeRestored(xml, { ...restored('same'), files: [{ from, to }] });
    const file = moved(disk('dev="/dev/vg/web"', 'block'), '/dev/vg/web', '/b/web');
    assert.match(file, /<disk type="file" device="disk"><source file="\/b\/web"\/>/u);
    const device = moved(disk('file="/a/web"', 'file'), '/a/web', '/dev/vg/web');
    assert.match(device, /<disk type="block" device="disk"><source dev="\/dev\/vg\/web"\/>/u);
    assert.throws(() => moved(disk('dev="/dev/sda"', 'block'), '/a/web', '/b/web'), XmlError);
  });

  it('have the files that volumes are, where the format is told', async () => {
    const volume = (more: string): string =>
      `<domain><devices><disk type="volume">${more}<source pool="p" volume="v"/><target dev="vda"/></disk></devices></domain>`;
    const written = await volumesAsSources(volume('<driver type="raw"/>'), (...of) => Promise.resolve(of.join('/')));
    assert.match(written, /<disk type="file"><driver type="raw"\/><source file="p\/v"\/>/u);
    for (const [more, path] of [
      ['', '/pool/v'],
      ['<driver type="raw"/>', undefined],
    ] as const) {
      assert.equal(await volumesAsSources(volume(more), () => Promise.resolve(path)), volume(more));
    }
  });

  it('have the new names everywhere, and no mark of a clone', () => {
    const xml = writeRestored(snapshot, restored('same'));
    assert.doesNotMatch(xml, /"\/a\/|>\/a\/|virt-rewind:clone/u);
    assert.match(xml, /<nvram template="\/usr\/share\/t.fd">\/b\/web.fd</u);
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

const secret = '/etc/shadow';

/** With what tells of it. */
function restore(parts: string, rule: Partial<HostRule> = {}): ReturnType<typeof write> & { readonly parts: string } {
  const xml = `<domain type="qemu"><name>web</name><uuid>${uuid}</uuid>${parts}</domain>`;
  const written = write(xml, restored('same'), { ...host, ...rule });
  return { ...written, parts: written.xml.slice(written.xml.indexOf('</uuid>') + 7, -'</domain>'.length) };
}

const restoreDevice = (device: string, rule?: Partial<HostRule>): ReturnType<typeof restore> => {
  const { parts, ...told } = restore(`<devices><panic/>${device}</devices>`, rule);
  return { ...told, parts: parts.slice('<devices><panic/>'.length, -'</devices>'.length) };
};

const qemuNames = 'http://libvirt.org/schemas/domain/qemu/1.0';

describe('the VM of a stranger', () => {
  for (const [what, part] of [
    [
      'arguments of QEMU by a default namespace',
      `<commandline xmlns="${qemuNames}"><arg value="-drive"/></commandline>`,
    ],
    ['by a prefix', `<q:commandline xmlns:q="${qemuNames}"><q:arg value="file=${secret}"/></q:commandline>`],
    ['its overrides', `<override xmlns="${qemuNames}"><device alias="x"/></override>`],
    ['its capabilities', `<q:capabilities xmlns:q="${qemuNames}"><q:add capability="x"/></q:capabilities>`],
    ['those of LXC', '<l:namespace xmlns:l="http://libvirt.org/schemas/domain/lxc/1.0"><l:sharenet/></l:namespace>'],
    [
      'those of bhyve',
      '<b:commandline xmlns:b="http://libvirt.org/schemas/domain/bhyve/1.0"><b:arg value="x"/></b:commandline>',
    ],
    ['a label of security', '<seclabel type="static" model="dac"><label>+0:+0</label></seclabel>'],
    ['no label of security', '<seclabel type="none"/>'],
    ['a boot loader', `<bootloader>${secret}</bootloader>`],
    ['a file of the firmware', `<sysinfo type="fwcfg"><entry name="opt/x" file="${secret}"/></sysinfo>`],
    ['a partition', '<resource><partition>/other</partition></resource>'],
    ['secure guests', '<launchSecurity type="sev"><policy>1</policy></launchSecurity>'],
    ['a dump when it crashes', '<on_crash>coredump-destroy</on_crash>'],
    ['a device of throttles', '<blkiotune><device><path>/dev/sda</path><weight>100</weight></device></blkiotune>'],
    ['maps of users', '<idmap><uid start="0" target="0" count="1"/></idmap>'],
    ['what is not known', '<unknown/>'],
    [
      'a mark of ours',
      '<metadata><lab:vm xmlns:lab="https://github.com/virt-rewind/virt-rewind/lab-vm" folder="/x"/></metadata>',
    ],
    ['a mark of another program', '<metadata><x:y xmlns:x="urn:x"><x:z/></x:y></metadata>'],
  ] as const) {
    it(`has none of ${what}, which is told`, () => {
      const { parts, leftOut } = restore(part);
      assert.equal(parts, '');
      assert.equal(leftOut.length, 1, leftOut.join(', '));
    });
  }

  for (const part of [
    '<title>a/b</title><memory unit="KiB">32</memory><currentMemory unit="KiB">16</currentMemory><vcpu placement="static">2</vcpu>',
    '<features><acpi/><apic eoi="on"/><hyperv mode="custom"><spinlocks state="on" retries="8191"/></hyperv><smm state="on"/></features>',
    '<cpu mode="custom" match="exact"><model fallback="forbid">qemu64</model><topology sockets="1" dies="1" cores="2" threads="1"/><feature policy="require" name="sse2"/><numa><cell id="0" cpus="0-1" memory="32" unit="KiB"/></numa></cpu>',
    '<clock offset="utc"><timer name="rtc" tickpolicy="catchup"/></clock><on_poweroff>destroy</on_poweroff><pm><suspend-to-mem enabled="no"/></pm>',
    '<sysinfo type="smbios"><system><entry name="manufacturer">a/b</entry></system><oemStrings><entry>x</entry></oemStrings></sysinfo>',
    '<os><type arch="x86_64" machine="pc-q35-7.2">hvm</type><boot dev="hd"/><bootmenu enable="yes" timeout="3000"/><smbios mode="sysinfo"/></os>',
    '<os firmware="efi"><type arch="x86_64" machine="q35">hvm</type><firmware><feature enabled="no" name="secure-boot"/></firmware></os>',
    '<metadata><libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0"><libosinfo:os id="http://debian.org/debian/12"/></libosinfo:libosinfo></metadata>',
    '<resource><partition>/machine</partition></resource><seclabel type="dynamic" model="apparmor" relabel="yes"/>',
  ]) {
    it(`has ${part}`, () => {
      const { parts, leftOut } = restore(part);
      assert.equal(parts, part);
      assert.deepEqual(leftOut, []);
    });
  }

  for (const device of [
    '<controller type="pci" index="1" model="pcie-root-port"><model name="pcie-root-port"/><target chassis="1" port="0x10"/><address type="pci" domain="0x0000" bus="0x00" slot="0x02" function="0x0" multifunction="on"/></controller>',
    '<interface type="network"><mac address="52:54:00:00:00:01"/><source network="lab"/><model type="virtio"/><driver name="vhost" queues="2"/><filterref filter="clean-traffic"/><boot order="1"/><address type="pci" domain="0x0000" bus="0x01" slot="0x00" function="0x0"/></interface>',
    '<interface type="user"><mac address="52:54:00:00:00:01"/><model type="e1000"/></interface>',
    '<disk type="file" device="disk"><driver name="qemu" type="qcow2" cache="none" discard="unmap"/><source file="/b/base"/><target dev="vda" bus="virtio"/><iotune><total_iops_sec>5</total_iops_sec></iotune><serial>a/b</serial><boot order="1"/></disk>',
    '<disk type="file" device="cdrom"><target dev="sda" bus="sata"/><readonly/></disk>',
    '<graphics type="vnc" port="5901" autoport="no"><listen type="address" address="127.0.0.1"/></graphics>',
    '<graphics type="spice" autoport="yes"><listen type="address"/><image compression="off"/></graphics>',
    '<video><model type="qxl" ram="65536" vram="65536" vgamem="16384" heads="1" primary="yes"/></video>',
    '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>',
    '<tpm model="tpm-crb"><backend type="emulator" version="2.0"/></tpm>',
    '<serial type="pty"><target type="isa-serial" port="0"><model name="isa-serial"/></target></serial>',
    '<channel type="unix"><target type="virtio" name="org.qemu.guest_agent.0"/></channel>',
    '<channel type="spicevmc"><target type="virtio" name="com.redhat.spice.0"/></channel>',
    '<memory model="dimm"><target><size unit="KiB">524288</size><node>0</node></target></memory>',
    '<memballoon model="virtio"><stats period="5"/></memballoon><watchdog model="itco" action="reset"/><redirdev bus="usb" type="spicevmc"/>',
  ]) {
    it(`has ${device}`, () => {
      const source = device.replace('/b/base', '/a/base');
      const { parts, leftOut } = restoreDevice(source);
      assert.equal(parts, device);
      assert.deepEqual(leftOut, []);
    });
  }

  for (const [device, left, ...told] of [
    [
      `<disk type="file" device="cdrom"><source file="${secret}"/><target dev="sda"/></disk>`,
      '<disk type="file" device="cdrom"><target dev="sda"/></disk>',
      `disk/source ${secret}`,
    ],
    [
      '<disk type="file" device="floppy"><source file="../secret"/><target dev="fda"/></disk>',
      '<disk type="file" device="floppy"><target dev="fda"/></disk>',
      'disk/source ../secret',
    ],
    [
      '<disk type="volume" device="cdrom"><source pool="default" volume="s.iso"/><target dev="sda"/></disk>',
      '<disk type="file" device="cdrom"><target dev="sda"/></disk>',
      'disk/source default',
    ],
    [
      '<disk type="network" device="cdrom"><source protocol="http" name="/x"><host name="h"/></source><target dev="sda"/></disk>',
      '<disk type="file" device="cdrom"><target dev="sda"/></disk>',
      'disk/source /x',
    ],
    ...['hostdev', 'filesystem', 'shmem', 'lease', 'vsock', 'pstore', 'unknown'].map((name) => [
      `<${name}/>`,
      '',
      name,
    ]),
    ['<vsock model="virtio"><cid auto="no" address="3"/></vsock>', '', 'vsock virtio'],
    [`<memory model="nvdimm"><source><path>${secret}</path></source></memory>`, '', `memory ${secret}`],
    [
      `<memory model="dimm"><source><path>${secret}</path></source><target/></memory>`,
      '<memory model="dimm"><target/></memory>',
      `memory/source ${secret}`,
    ],
    ['<interface type="ethernet"><target dev="tap0"/></interface>', '', 'interface ethernet'],
    [
      '<interface type="vhostuser"><source type="unix" path="/x.sock" mode="client"/></interface>',
      '',
      'interface /x.sock',
    ],
    ['<interface type="direct"><source dev="eth0" mode="passthrough"/></interface>', '', 'interface eth0'],
    [
      '<interface type="bridge"><source bridge="br0"/></interface>',
      '<interface type="bridge"><source bridge="br0"/><link state="down"/></interface>',
      'interface br0',
    ],
    [
      '<interface type="network"><source network="a"/><script path="/x.sh"/></interface>',
      '<interface type="network"><source network="a"/></interface>',
      'interface/script /x.sh',
    ],
    [
      '<interface type="user"><backend type="passt" logFile="/x"/><portForward proto="tcp"/></interface>',
      '<interface type="user"/>',
      'interface/backend /x',
      'interface/portForward',
    ],
    [
      `<interface type="user"><rom file="${secret}"/></interface>`,
      '<interface type="user"/>',
      `interface/rom ${secret}`,
    ],
    ['<input type="evdev"><source dev="/dev/input/event0"/></input>', '', 'input /dev/input/event0'],
    ['<audio id="1" type="file" path="/x"/>', '<audio id="1" type="none"/>', 'audio type=file', 'audio path=/x'],
    [
      '<video><model type="virtio"><acceleration accel3d="yes" rendernode="/dev/dri/x"/></model></video>',
      '<video><model type="virtio"/></video>',
      'video/model/acceleration /dev/dri/x',
    ],
    ['<graphics type="egl-headless"><gl rendernode="/x"/></graphics>', '', 'graphics /x'],
    ['<graphics type="sdl" display=":0" xauth="/x"/>', '', 'graphics /x'],
    [
      '<graphics type="vnc" port="-1" listen="0.0.0.0"><listen type="address" address="0.0.0.0"/></graphics>',
      '<graphics type="vnc" port="-1" autoport="yes"><listen type="address" address="127.0.0.1"/></graphics>',
      'graphics listen=0.0.0.0',
      'graphics/listen address=0.0.0.0',
    ],
    ['<redirdev type="tcp"><source mode="connect" host="h"/></redirdev>', '', 'redirdev h'],
    [`<smartcard mode="host-certificates"><database>${secret}</database></smartcard>`, '', `smartcard ${secret}`],
    [
      `<rng model="virtio"><backend model="random">${secret}</backend></rng>`,
      '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>',
      `rng/backend ${secret}`,
    ],
    [
      '<rng model="virtio"><backend model="egd" type="unix"><source mode="connect" path="/x"/></backend></rng>',
      '<rng model="virtio"><backend model="random">/dev/urandom</backend></rng>',
      'rng/backend model=egd',
      'rng/backend type=unix',
      'rng/backend/source /x',
    ],
    [
      '<tpm model="tpm-tis"><backend type="passthrough"><device path="/dev/tpm0"/></backend></tpm>',
      '<tpm model="tpm-tis"/>',
      'tpm/backend /dev/tpm0',
    ],
    [
      '<serial type="file"><source path="relative"/><log file="/x"/></serial>',
      '<serial type="pty"/>',
      'serial type=file',
      'serial/source relative',
      'serial/log /x',
    ],
    [
      '<serial type="tcp"><source mode="connect" host="h" service="1"/><protocol type="telnet"/></serial>',
      '<serial type="pty"/>',
      'serial type=tcp',
      'serial/source h',
      'serial/protocol telnet',
    ],
    [
      '<channel type="unix"><source mode="connect" path="/run/docker.sock"/><target type="virtio"/></channel>',
      '<channel type="unix"><target type="virtio"/></channel>',
      'channel/source /run/docker.sock',
    ],
    [
      '<channel type="file"><source path="/x"/><target type="guestfwd" address="10.0.2.1" port="1"/></channel>',
      '',
      'channel /x',
    ],
    ['<controller type="scsi" model="/x"/>', '<controller type="scsi"/>', 'controller model=/x'],
  ] as unknown as readonly (readonly [string, string, ...string[]])[]) {
    it(`has instead of ${device}: ${left === '' ? 'nothing' : left}`, () => {
      const { parts, leftOut } = restoreDevice(device);
      assert.equal(parts, left);
      assert.deepEqual(leftOut, told);
    });
  }

  it('has the emulator of this host, and is told of another', () => {
    const os = '<os><type arch="x86_64">hvm</type></os>';
    const evil = restore(`${os}<devices><emulator>/srv/evil.sh</emulator><emulator>/srv/worse.sh</emulator></devices>`);
    assert.equal(evil.parts, `${os}<devices><emulator>${qemu}</emulator></devices>`);
    assert.deepEqual(evil.leftOut, ['emulator /srv/evil.sh', 'emulator /srv/worse.sh']);
    assert.deepEqual(restore(`${os}<devices><emulator>${qemu}</emulator></devices>`).leftOut, []);
    assert.doesNotMatch(
      write(snapshot.replaceAll('<devices>', '<devices><emulator>/srv/evil.sh</emulator>'), restored('same'), host).xml,
      /evil/u,
    );
  });

  it('starts with files of its host that were judged, without links, and else with the firmware of the host', () => {
    const os =
      '<os><type>hvm</type><loader readonly="no" type="pflash">/l</loader><nvram template="/t.fd">/a/web.fd</nvram><kernel>/k</kernel><initrd>/i</initrd><cmdline>root=/dev/vda</cmdline></os>';
    assert.deepEqual(bootFilesIn(`<domain>${os}</domain>`), ['/l', '/k', '/i', '/t.fd']);
    const bootFiles = new Map([
      ['/l', '/usr/share/l'],
      ['/k', '/boot/k'],
      ['/i', '/home/i'],
      ['/t.fd', '/usr/share/t'],
    ]);
    const all = restore(os, { bootFiles });
    assert.deepEqual(
      [all.leftOut, all.ofHost],
      [['os/loader readonly=no'], ['os/initrd /i']].map((one, at) => (at === 0 ? [] : one)),
    );
    assert.equal(
      all.parts,
      '<os><type>hvm</type><loader readonly="yes" type="pflash">/usr/share/l</loader><nvram template="/usr/share/t">/b/web.fd</nvram><kernel>/boot/k</kernel><initrd>/home/i</initrd><cmdline>root=/dev/vda</cmdline></os>',
    );
    const none = restore(os, { bootFiles: new Map() });
    assert.equal(none.parts, '<os firmware="efi"><type>hvm</type><nvram>/b/web.fd</nvram></os>');
    assert.deepEqual(none.leftOut, [
      'os/loader /l',
      'os/kernel /k',
      'os/initrd /i',
      'os/nvram /t.fd',
      'os/cmdline root=/dev/vda',
    ]);
  });

  it('keeps parts of the host where a person said so, or it has them there, and never programs', () => {
    const parts =
      '<interface type="bridge"><source bridge="br0"/><script path="/x.sh"/></interface>' +
      '<hostdev mode="subsystem" type="pci"><source><address domain="0" bus="1" slot="0" function="0"/></source></hostdev>' +
      '<emulator>/srv/evil.sh</emulator>';
    const said = restoreDevice(parts, { keepsHostParts: true });
    assert.match(said.parts, /<interface type="bridge"><source bridge="br0"\/><\/interface><hostdev .*bus="1"/u);
    assert.deepEqual(said.ofHost, ['interface br0', 'hostdev subsystem pci'.replace('subsystem ', '')]);
    assert.deepEqual(said.leftOut, ['emulator /srv/evil.sh', 'interface/script /x.sh']);
    assert.doesNotMatch(
      restoreDevice(parts, { keepsHostParts: true, isolated: true }).parts,
      /hostdev|<interface type="bridge"><source bridge="br0"\/><\//u,
    );
    const of = (devices: string): string => `<domain><uuid>${uuid}</uuid><devices>${devices}</devices></domain>`;
    assert.equal(partsOfSame(of(parts), of(parts.replace('br0', 'br1'))), undefined);
    const knownParts = partsOfSame(of(parts), of(`${parts}<disk/>`));
    assert.ok(knownParts !== undefined);
    assert.match(restoreDevice(parts, { knownParts }).parts, /<hostdev /u);
    assert.doesNotMatch(restoreDevice(parts.replace('bus="1"', 'bus="2"'), { knownParts }).parts, /<hostdev /u);
  });

  it('tells where RAM may not load', () => {
    assert.equal(restoreDevice('<vsock/>').otherHardware, true);
    assert.equal(restore(`<commandline xmlns="${qemuNames}"/>`).otherHardware, true);
    assert.equal(restoreDevice('<serial type="file"><source path="/x"/></serial>').otherHardware, false);
    assert.equal(restoreDevice('<graphics type="sdl"/>').otherHardware, false);
  });

  it('has nothing in a snapshot either, nor beside RAM', () => {
    const evil = snapshot
      .replace('<state>', '<evil><file>/x</file></evil><state>')
      .replace('</domainsnapshot>', '<cookie><cpu mode="host"><model>x</model></cpu><evil/></cookie></domainsnapshot>');
    const { xml } = write(evil, restored('same'), host);
    assert.doesNotMatch(xml, /evil/u);
    assert.match(xml, /<cookie><cpu mode="host"><model>x<\/model><\/cpu><\/cookie>/u);
    assert.equal(writeCookie('<cookie><slirpHelper/><x/></cookie>'), '<cookie><slirpHelper/></cookie>');
    assert.equal(writeCookie('<other/>'), undefined);
  });

  it('hides nothing behind comments, sections, references or spaces', () => {
    const { parts, leftOut } = restoreDevice(
      '<serial type="file"><!-- <x> --><source path="&#47;x"/><![CDATA[<log/>]]></serial>',
    );
    assert.equal(parts, '<serial type="pty"/>');
    assert.deepEqual(leftOut.slice(0, 2), ['serial type=file', 'serial <log/>']);
  });
});

describe('a restored VM that is isolated', () => {
  it('has its cables out, and shows itself to this computer alone', () => {
    const { parts } = restoreDevice(
      '<interface type="network"><source network="a"/></interface><graphics type="spice" port="5900"/>',
      { isolated: true },
    );
    assert.equal(
      parts,
      '<interface type="network"><source network="a"/><link state="down"/></interface>' +
        '<graphics type="spice" port="-1" autoport="yes"><listen type="address" address="127.0.0.1"/></graphics>',
    );
  });
});
