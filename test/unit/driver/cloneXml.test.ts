// What two VMs cannot both have, in the configuration of a clone.
import assert from 'node:assert/strict';
import { parseDomainXml } from '../../../src/driver/xml/domainXml.js';
import { writeClone, writeUnplugged } from '../../../src/driver/xml/cloneXml.js';
import type { ClonedVm } from '../../../src/steps/step.js';

const uuid = '11111111-2222-3333-4444-555555555555';
const own = 'aaaaaaaa-bbbb-cccc-dddd-eeeeeeeeeeee';
const xml = `<domain type="kvm" id="3"><name>web</name><uuid>${own}</uuid><title>Web</title>
  <genid>99999999-2222-3333-4444-555555555555</genid>
  <metadata><other xmlns="urn:other">kept</other></metadata>
  <sysinfo type="smbios"><system><entry name="serial">1</entry><entry name="uuid">${own}</entry></system></sysinfo>
  <os><type>hvm</type><nvram template="/t.fd">/nvram/web.fd</nvram></os>
  <devices>
    <disk type="file" device="disk"><driver name="qemu" type="qcow2"/><source file="/i/web.qcow2"/><target dev="vda"/><alias name="virtio0"/></disk>
    <disk type="file" device="cdrom"><source file="/i/cd.iso"/><target dev="sda"/><readonly/></disk>
    <interface type="network"><mac address="52:54:00:00:00:01"/><source network="default" portid="p"/><target dev="vnet0"/><link state="up"/></interface>
    <serial type="unix"><source mode="bind" path="/s/web.sock"/><log file="/l/web.log"/><target port="0"/></serial>
    <console type="pty" tty="/dev/pts/1"><source path="/dev/pts/1"/><target type="serial"/></console>
    <channel type="unix"><source mode="bind" path="/c/web"/><target type="virtio" name="org.qemu.guest_agent.0"/></channel>
    <graphics type="vnc" port="5901" autoport="no" websocket="5701"/>
    <vsock><cid auto="no" address="3"/></vsock>
    <tpm model="tpm-crb"><backend type="emulator" version="2.0"><source type="dir" path="/tpms/web"/></backend></tpm>
  </devices></domain>`;

function clone(more: Partial<ClonedVm> = {}): string {
  return cloneOf(xml, more);
}

function cloneOf(of: string, more: Partial<ClonedVm> = {}): string {
  return writeClone(of, {
    clone: { uuid, name: 'copy' },
    disks: [{ target: 'vda', file: '/i/copy.qcow2', format: 'qcow2' }],
    nvram: '/nvram/copy.fd',
    network: 'same',
    addresses: 'new',
    mark: { of: own, snapshot: 'clean', disposable: true, files: ['/i/copy.qcow2', '/nvram/copy.fd'] },
    ...more,
  });
}

describe('the configuration of a clone', () => {
  it('has nothing that is the VM’s alone', () => {
    const made = clone();
    for (const word of [
      own.toUpperCase(),
      '<title>',
      '99999999',
      '/nvram/web.fd',
      '/i/web.qcow2',
      '52:54:00:00:00:01',
      'vnet0',
    ]) {
      assert.ok(!made.includes(word), word);
    }
    for (const word of [
      '/s/web.sock',
      '/l/web.log',
      '/dev/pts',
      '/c/web',
      '5901',
      '5701',
      'address="3"',
      '/tpms/web',
      'portid',
      'id="3"',
    ]) {
      assert.ok(!made.includes(word), word);
    }
    // Where it comes from is said once, in its mark.
    assert.equal(made.split(own).length, 2);
  });

  it('is read back as what it is', () => {
    const { name, uuid: read, clone: mark, disks, nvram } = parseDomainXml(clone());
    assert.deepEqual([name, read, nvram], ['copy', uuid, '/nvram/copy.fd']);
    assert.deepEqual(mark, {
      of: own,
      snapshot: 'clean',
      disposable: true,
      files: ['/i/copy.qcow2', '/nvram/copy.fd'],
    });
    assert.deepEqual(
      disks.map(({ source }) => source),
      ['/i/copy.qcow2', '/i/cd.iso'],
    );
  });

  it('does not go by itself where another tool has copied it, mark and all', () => {
    const copied = clone().replace(`<uuid>${uuid}</uuid>`, `<uuid>${own}</uuid>`);
    const { uuid: read, clone: mark } = parseDomainXml(copied);
    assert.deepEqual([read, mark?.of, mark?.disposable], [own, own, undefined]);
  });

  it('does not go by itself where somebody has given it another name', () => {
    const { name } = parseDomainXml(clone());
    const renamed = parseDomainXml(clone().replace(`<name>${name}</name>`, '<name>prod</name>'));
    assert.deepEqual([renamed.name, renamed.clone?.of, renamed.clone?.disposable], ['prod', own, undefined]);
  });

  it('keeps what others have noted, and has one mark, also of a clone of a clone', () => {
    const again = writeClone(clone(), {
      clone: { uuid: own, name: 'second' },
      disks: [{ target: 'vda', file: '/i/second.qcow2', format: 'qcow2' }],
      network: 'same',
      addresses: 'new',
      mark: { of: uuid, files: ['/i/second.qcow2'] },
    });
    assert.match(again, /urn:other/u);
    assert.deepEqual(parseDomainXml(again).clone, { of: uuid, files: ['/i/second.qcow2'] });
  });

  it('takes no port of the host that leads to the VM', () => {
    const forward = '<portForward proto="tcp"><range start="42022" to="22"/></portForward>';
    const passt = `<interface type="user">${forward}<backend type="passt"/></interface>`;
    const made = cloneOf(xml.replace('<serial', `${passt}<serial`));
    assert.match(made, /<interface type=.user.><backend type=.passt.\/><\/interface>/u);
  });

  it('has its cables out where it shall, and its addresses where its guest has them', () => {
    const fork = clone({ network: 'unplugged', addresses: 'kept' });
    assert.match(fork, /52:54:00:00:00:01/u);
    assert.equal([...fork.matchAll(/<link state=.down.\/>/gu)].length, 1);
    assert.doesNotMatch(fork, /state=.up./u);
  });

  it('has no cable to take out where all are out, and each that is in', () => {
    assert.deepEqual(writeUnplugged(clone({ network: 'unplugged', addresses: 'kept' })), []);
    const [nic = '', ...more] = writeUnplugged(clone({ addresses: 'kept' }));
    assert.equal(more.length, 0);
    assert.match(nic, /^<interface [^]*52:54:00:00:00:01[^]*<link state=.down.\/><\/interface>$/u);
    assert.doesNotMatch(nic, /state=.up./u);
  });

  it('is written of a disk that is there alone', () => {
    assert.throws(() => clone({ disks: [{ target: 'vdz', file: '/i/z', format: 'qcow2' }] }));
  });
});
