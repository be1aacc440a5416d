// The definition of a VM that a lab made, and whether a definition is that of one. Sends nothing.
import { type LabVm, labVmFiles, type LabVmParts } from '../../domain/labVm.js';
import { attribute, element as e, find, findAll, parseXml, textOf, writeXml } from './xmlTree.js';

/** The element in a VM's metadata that says the VM is ours. Snapshots keep it, and bring it back. */
const markUri = 'https://github.com/virt-rewind/virt-rewind/lab-vm';

interface LabMachine {
  readonly type: 'kvm' | 'qemu';
  readonly machine: string;
}

/** @returns undefined where there is no QEMU for x86 */
export function labMachine(
  capabilitiesXml: string,
  { firmware }: Pick<LabVmParts, 'firmware'>,
): LabMachine | undefined {
  const arch = findAll(parseXml(capabilitiesXml), 'guest')
    .map((guest) => find(guest, 'arch'))
    .find((one) => attribute(one, 'name') === 'x86_64');
  const types = findAll(arch, 'domain').map((domain) => attribute(domain, 'type'));
  const type = (['kvm', 'qemu'] as const).find((one) => types.includes(one));
  const machines = findAll(arch, 'machine').map((machine) => textOf(machine));
  const machine = (firmware === undefined ? ['pc', 'q35'] : ['q35']).find((one) => machines.includes(one));
  return type === undefined || machine === undefined ? undefined : { type, machine };
}

/** @param capabilitiesXml of the domain, not of the host */
export function hasUefi(capabilitiesXml: string): boolean {
  return findAll(find(parseXml(capabilitiesXml), 'os'), 'enum').some(
    (one) => attribute(one, 'name') === 'firmware' && findAll(one, 'value').some((value) => textOf(value) === 'efi'),
  );
}

/** Headless, with a serial console and the channel of a guest agent; by itself unless it is to have a network. */
export function labVmXml(vm: LabVm, parts: LabVmParts, { type, machine }: LabMachine): string {
  const files = labVmFiles(vm, parts);
  const { boot, firmware, network, mac, cloudInit } = parts;
  return writeXml(
    e('domain', { type }, [
      e('name', {}, [vm.name]),
      e('uuid', {}, [vm.uuid]),
      // libvirt fills it in, and anew at each revert: by it the guest's kernel hears that others may have drawn its
      // random numbers.
      e('genid'),
      e('metadata', {}, [e('lab:vm', { 'xmlns:lab': markUri, folder: vm.folder })]),
      e('memory', { unit: 'MiB' }, [String(parts.memoryMiB)]),
      e('vcpu', {}, [String(parts.cpus)]),
      e('os', firmware === undefined ? {} : { firmware: 'efi' }, [
        e('type', { arch: 'x86_64', machine }, ['hvm']),
        ...(firmware === undefined
          ? []
          : [
              e('firmware', {}, [e('feature', { enabled: 'no', name: 'secure-boot' })]),
              // Without it, libvirt may choose firmware that keeps no variables.
              e('nvram', {}, [files.variables]),
            ]),
        ...(boot === undefined
          ? [e('boot', { dev: 'hd' })]
          : [
              e('kernel', {}, [files.kernel]),
              ...(boot.initrd === undefined ? [] : [e('initrd', {}, [files.initrd])]),
              ...(boot.arguments === undefined ? [] : [e('cmdline', {}, [boot.arguments])]),
            ]),
      ]),
      e('features', {}, [e('acpi'), e('apic')]),
      ...(type === 'kvm' ? [e('cpu', { mode: 'host-model' })] : []),
      e('clock', { offset: 'utc' }),
      e('on_poweroff', {}, ['destroy']),
      e('on_reboot', {}, ['restart']),
      e('on_crash', {}, ['preserve']),
      e('devices', {}, [
        ...files.disks.map((file, at) =>
          e('disk', { type: 'file', device: 'disk' }, [
            e('driver', { name: 'qemu', type: 'qcow2', discard: 'unmap' }),
            e('source', { file }),
            e('target', { dev: `vd${String.fromCharCode(97 + at)}`, bus: 'virtio' }),
          ]),
        ),
        ...(cloudInit === undefined
          ? []
          : [
              e('disk', { type: 'file', device: 'cdrom' }, [
                e('driver', { name: 'qemu', type: 'raw' }),
                e('source', { file: files.seed }),
                e('target', { dev: 'sda', bus: 'scsi' }),
                e('readonly'),
              ]),
              // The kernels of cloud images have drivers for virtual hardware alone.
              e('controller', { type: 'scsi', index: '0', model: 'virtio-scsi' }),
            ]),
        e('controller', { type: 'usb', model: 'none' }),
        ...(network === undefined
          ? []
          : [
              e('interface', { type: network === 'user' ? 'user' : 'network' }, [
                ...(mac === undefined ? [] : [e('mac', { address: mac })]),
                ...(network === 'user' ? [] : [e('source', { network: network.name })]),
                e('model', { type: 'virtio' }),
                ...(typeof network === 'object' && network.filter !== undefined
                  ? [e('filterref', { filter: network.filter })]
                  : []),
              ]),
            ]),
        e('serial', { type: 'pty' }, [e('target', { port: '0' })]),
        e('console', { type: 'pty' }, [e('target', { type: 'serial', port: '0' })]),
        e('channel', { type: 'unix' }, [e('target', { type: 'virtio', name: 'org.qemu.guest_agent.0' })]),
        e('rng', { model: 'virtio' }, [e('backend', { model: 'random' }, ['/dev/urandom'])]),
        e('memballoon', { model: 'none' }),
      ]),
    ]),
  );
}

/** Nothing else is ever removed: another VM with the UUID has no mark of ours, or another folder. */
export function isLabVm(xml: string, vm: LabVm): boolean {
  const root = parseXml(xml);
  const marks = (find(root, 'metadata')?.children ?? []).filter(
    (child) => typeof child !== 'string' && 'name' in child && child.name.endsWith(':vm'),
  );
  return (
    textOf(find(root, 'uuid'))?.toLowerCase() === vm.uuid &&
    marks.some((mark) => typeof mark !== 'string' && 'name' in mark && attribute(mark, 'folder') === vm.folder)
  );
}
