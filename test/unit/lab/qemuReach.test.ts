// Whether the system's QEMU, a user of its own, gets at an image: which libvirts are judged, as whom, and by which
// folder.
import assert from 'node:assert/strict';
import { barredFromQemu } from '../../../src/made/qemuReach.js';

const passwd = 'root:x:0:0::/root:/bin/sh\nlibvirt-qemu:x:64055:994::/:/bin/false\nqemu:x:107:107::/:/bin/false\n';
const image = '/home/me/shop/disk.qcow2';

/** A home that nobody but its owner enters. */
function host(
  conf = '',
  users = passwd,
): NonNullable<Parameters<typeof barredFromQemu>[2]> & { readonly asked: string[] } {
  const asked: string[] = [];
  return {
    asked,
    read: (path) => Promise.resolve(path === '/etc/passwd' ? users : conf),
    mayEnter: (folder, { uid }) => {
      asked.push(`${String(uid)} ${folder}`);
      return Promise.resolve(folder !== '/home/me');
    },
  };
}

describe('whether QEMU gets at an image', () => {
  it('names the first folder that is closed to it', async () => {
    const asking = host();
    assert.deepEqual(await barredFromQemu('qemu:///system', [image], asking), {
      user: 'libvirt-qemu',
      folder: '/home/me',
    });
    assert.deepEqual(asking.asked, ['64055 /', '64055 /home', '64055 /home/me']);
    assert.equal(await barredFromQemu('qemu:///system', ['/srv/disk.qcow2'], host()), undefined);
  });

  it('asks as the user that libvirt is set to', async () => {
    for (const [conf, user] of [
      ['#user = "root"\nuser = "qemu"\n', 'qemu'],
      ['user = "+107"', 'qemu'],
      ['user = "root"', undefined],
      ['user = "nobody-here"', undefined],
    ] as const) {
      assert.equal((await barredFromQemu('qemu:///system', [image], host(conf)))?.user, user, conf);
    }
    assert.equal(await barredFromQemu('qemu:///system', [image], host('', 'root:x:0:0')), undefined);
  });

  it('says nothing of a libvirt whose configuration is not known, or that runs QEMU as oneself', async () => {
    for (const uri of ['qemu:///session', 'qemu+unix:///system?socket=/tmp/vr/run/libvirt-sock']) {
      assert.equal(await barredFromQemu(uri, [image], host()), undefined);
    }
  });
});
