// VMs taken from a cluster, by a shell that is pretended.
import assert from 'node:assert/strict';
import { clusteredXml } from '../../../../src/driver/cluster/clusteredVm.js';
import type { ClusterShell } from '../../../../src/wings/cluster/given/clusterShell.js';
import { takeOut } from '../../../../src/wings/cluster/given/takeOut.js';

const uuid = '11111111-2222-3333-4444-555555555555';
const vm = { uuid, name: 'web', resource: 'web', config: '/vms/web.cluster.xml', autostart: false };
const uri = 'qemu:///system';

class PretendedShell implements ClusterShell {
  readonly asked: string[] = [];
  at = 'n1';
  mon: string | undefined;
  cib = '<cib/>';
  listed = '';
  file = `<domain><uuid>${uuid}</uuid></domain>`;

  readonly ask: ClusterShell['ask'] = (...words) => {
    this.asked.push(words.join(' '));
    return Promise.resolve({ code: 0, out: Buffer.from(this.#answer(words.join(' '))), said: '' });
  };
  readonly run: ClusterShell['run'] = async (...words) => (await this.ask(...words)).out.toString();

  #answer(line: string): string {
    const told = `<r><summary><current_dc with_quorum="true"/></summary><nodes><node name="n1"/><node name="n2"/></nodes>
      <resources><resource id="web" role="Started"><node name="${this.at}"/></resource></resources></r>`;
    return line.startsWith('crm_mon')
      ? (this.mon ?? told)
      : line === 'cibadmin --query'
        ? this.cib
        : line.endsWith(' list --all --uuid')
          ? this.listed
          : line.startsWith('crm_node')
            ? 'n1\n'
            : line.includes(' head ')
              ? this.file
              : '';
  }
}

describe('a VM that is taken from a cluster', () => {
  let shell: PretendedShell;
  const changed = (): readonly string[] =>
    shell.asked.filter((line) => /^(?:cibadmin --(?!query)|rm |crm_resource|virsh .* define)/u.test(line));
  const problem = async (reason: string): Promise<void> => assert.rejects(takeOut(shell, uri, vm), { reason });
  beforeEach(() => {
    shell = new PretendedShell();
    const clustered = { ...vm, hypervisor: uri, cpus: 1, memoryMib: 1, after: [] };
    shell.cib = `<cib>${clusteredXml([clustered], [])}</cib>`;
  });

  it('loses its file with it', async () => {
    await takeOut(shell, uri, vm);
    assert.equal(changed().at(-1), 'rm -f -- /vms/web.cluster.xml');
  });

  it('is defined by its file where libvirt does not list it, and not where it does', async () => {
    const defined = (): boolean => changed().some((line) => line.startsWith('virsh'));
    shell.listed = `${uuid}\n`;
    await takeOut(shell, uri, vm);
    assert.ok(!defined());
    shell.listed = '\n';
    await takeOut(shell, uri, vm);
    assert.ok(defined());
  });

  it('stays in it where it runs on another node: it would start here, too', async () => {
    shell.at = 'n2';
    await problem('elsewhere');
    assert.deepEqual(changed(), []);
  });

  for (const [what, config, file] of [
    ['of another name', '/etc/libvirt/qemu/web.xml', undefined],
    ['of another VM', vm.config, '<domain><uuid>22222222-2222-3333-4444-555555555555</uuid></domain>'],
    ['that is not read', vm.config, '<domain><uu'],
  ] as const) {
    it(`leaves a file ${what}`, async () => {
      shell.file = file ?? shell.file;
      await takeOut(shell, uri, { ...vm, config });
      assert.ok(!changed().some((line) => line.startsWith('rm')));
    });
  }

  it('is left alone where the cluster gives no answer that can be read', async () => {
    for (const mon of [
      '',
      '<a',
      '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
      '<a>&b;</a>',
      `<a>${' '.repeat(5e6)}</a>`,
    ]) {
      shell.mon = mon;
      await problem('notAnswering');
    }
    assert.deepEqual(changed(), []);
  });
});
