// The definition of the lesson's VM, and whether a definition is that of one. Sends nothing.
import { type DemoVm, demoVmFiles } from '../../domain/demoVm.js';
import { attribute, element as e, find, findAll, parseXml, textOf, writeXml } from './xmlTree.js';

/**
 * The machine type of an x86 guest that QEMU emulates itself: every host can, with and without KVM, and the guest is so
 * small that nobody notices. `pc`, or `q35` for hypervisors that have no other.
 * @returns undefined where there is no QEMU for x86
 */
export function demoMachine(capabilitiesXml: string): string | undefined {
  const arch = findAll(parseXml(capabilitiesXml), 'guest')
    .map((guest) => find(guest, 'arch'))
    .find((one) => attribute(one, 'name') === 'x86_64' && hasDomain(one, 'qemu'));
  const machines = findAll(arch, 'machine').map((machine) => textOf(machine));
  return ['pc', 'q35'].find((machine) => machines.includes(machine));
}

function hasDomain(arch: ReturnType<typeof find>, type: string): boolean {
  return findAll(arch, 'domain').some((domain) => attribute(domain, 'type') === type);
}

/** Four MiB of RAM, one disk, a serial port. Writes go through, so that what the guest wrote is seen in the files. */
export function demoVmXml(vm: DemoVm, machine: string): string {
  const { kernel, disk, serial } = demoVmFiles(vm);
  return writeXml(
    e('domain', { type: 'qemu' }, [
      e('name', {}, [vm.name]),
      e('uuid', {}, [vm.uuid]),
      e('memory', { unit: 'MiB' }, ['4']),
      e('vcpu', {}, ['1']),
      e('os', {}, [e('type', { arch: 'x86_64', machine }, ['hvm']), e('kernel', {}, [kernel])]),
      e('features', {}, [e('acpi')]),
      e('on_poweroff', {}, ['destroy']),
      e('on_reboot', {}, ['restart']),
      e('on_crash', {}, ['preserve']),
      e('devices', {}, [
        e('disk', { type: 'file', device: 'disk' }, [
          e('driver', { name: 'qemu', type: 'qcow2', cache: 'writethrough' }),
          e('source', { file: disk }),
          e('target', { dev: 'vda', bus: 'virtio' }),
          e('boot', { order: '1' }),
        ]),
        e('controller', { type: 'usb', model: 'none' }),
        e('serial', { type: 'unix' }, [e('source', { mode: 'bind', path: serial }), e('target', { port: '0' })]),
        e('memballoon', { model: 'none' }),
      ]),
    ]),
  );
}

/** Nothing else is ever removed: another VM with the UUID or the name has other files. */
export function isDemoVm(xml: string, vm: DemoVm): boolean {
  const root = parseXml(xml);
  return (
    textOf(find(root, 'uuid'))?.toLowerCase() === vm.uuid &&
    textOf(find(root, 'name')) === vm.name &&
    textOf(find(root, 'os', 'kernel')) === demoVmFiles(vm).kernel
  );
}
