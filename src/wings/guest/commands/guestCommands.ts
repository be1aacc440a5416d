// The commands for VMs of cloud images, loaded when one is called.
import { acting, seconds, vm } from '../../../cli/commandShape.js';
import type { Wing } from '../../wing.js';

export const guestCommands = {
  new: {
    heading: 'VMs',
    summary: 'create a VM from a cloud image, and start it; ready to log in',
    operands: [
      { name: 'IMAGE', kind: 'text', needed: 'needed' },
      { name: 'NAME', kind: 'text', needed: 'optional' },
    ],
    options: {
      from: { type: 'string', value: 'FILE', help: 'an image file with cloud-init, qcow2 or raw, instead of IMAGE' },
      memory: { type: 'string', value: 'SIZE', help: 'the RAM (default: 2G)' },
      disk: { type: 'string', value: 'SIZE', help: 'the disk (default: 20G; of a file, the size that it has)' },
      cpus: { type: 'string', value: 'N', help: 'processors (default: 1)' },
      uefi: { type: 'boolean', help: 'UEFI instead of BIOS, with secure boot off' },
      network: {
        type: 'string',
        value: 'NETWORK',
        help: 'a network of libvirt, user or none (default: the network “default”; on qemu:///session, user)',
      },
      user: { type: 'string', value: 'NAME', help: 'the user of the guest who may do all (default: your name)' },
      package: { type: 'string', multiple: true, value: 'NAME', help: 'a package to install; may be repeated' },
      seconds: { ...seconds, help: 'what it waits until the guest is ready (default: 900)' },
      remove: {
        type: 'boolean',
        help: 'delete the VM of this name, with its disks and snapshots, if this command created it',
        not: ['from', 'memory', 'disk', 'cpus', 'uefi', 'network', 'user', 'package', 'seconds'],
      },
      yes: acting.yes,
      name: acting.name,
    },
    more: 'The disk is an overlay on the image, which is fetched once: see virt-rewind images. cloud-init gets a user with a key of yours that only this program uses, and a host key, so that the first login is certain. Waits until cloud-init has ended, by the guest agent or over ssh. Needs ssh-keygen. See docs/guest.md.',
    examples: [
      'virt-rewind new debian-13 web',
      'virt-rewind new ubuntu-24.04 build --memory 4G --cpus 2 --package git',
      'virt-rewind new web --from debian-13-generic-amd64.qcow2',
      'virt-rewind new web --remove',
    ],
    act: async () => (await import('./newCommand.js')).create,
  },
  ssh: {
    heading: 'VMs',
    summary: 'log in to a guest over ssh, or let ssh do it by the name of the VM',
    operands: [
      { ...vm, needed: 'optional' },
      { name: 'COMMAND', kind: 'program', needed: 'several' },
    ],
    options: {
      user: {
        type: 'string',
        value: 'NAME',
        help: 'the user of the guest (default: the one that it was created with)',
      },
      port: {
        type: 'string',
        multiple: true,
        value: 'HERE:THERE',
        help: 'a port of this computer that leads to one of the guest meanwhile, after a revert too; may be repeated',
      },
      names: {
        type: 'string',
        value: 'HOW',
        words: ['on', 'off'],
        help: 'on: adds one line to ~/.ssh/config, and ssh NAME.virt-rewind works; off: removes it',
        alone: true,
      },
      prepare: {
        type: 'boolean',
        help: 'called by ssh, with NAME.virt-rewind: writes down the address that the guest has now',
        not: ['user', 'port'],
      },
    },
    more: 'Finds the address anew each time, so it is right after a revert. A VM that virt-rewind new created has a key of ours and a known host key; its clones and forks have them too. Another VM is logged in to with your own keys, and its host key is asked for once. A guest on another host is reached through that host. Into a network “user”, QEMU opens a port of the loopback, and libvirt marks the VM as tainted (custom-monitor) until it is off. The exit code is that of ssh. See docs/guest.md.',
    examples: [
      'virt-rewind ssh web',
      'virt-rewind ssh web -- uname -a',
      'virt-rewind ssh web --port 8080:80',
      'virt-rewind ssh --names on',
    ],
    act: async () => (await import('./sshCommand.js')).ssh,
  },
  gdb: {
    heading: 'VMs',
    summary: 'let debuggers attach to the kernel or firmware of a running VM, by the protocol of gdb',
    operands: [vm],
    options: { name: acting.name },
    more: 'Prints the address, and serves one debugger at a time there until Ctrl+C. It stays the same when the VM is reverted: attach again then. The VM stops when a debugger attaches, and goes on when it detaches or ends; a kill detaches. libvirt marks the VM as tainted (custom-monitor) until it is off. Nothing on the host of the VM listens while no debugger is attached. See docs/guest.md.',
    examples: ['virt-rewind gdb web-test', "gdb vmlinux -ex 'target remote ADDRESS'"],
    act: async () => (await import('./gdbCommand.js')).gdb,
  },
  images: {
    heading: 'VMs',
    summary: 'list the cloud images of the catalogue; fetch or remove one',
    operands: [
      { name: 'ACTION', kind: 'text', needed: 'optional' },
      { name: 'IMAGE', kind: 'text', needed: 'optional' },
    ],
    options: {},
    more: 'ACTION is fetch IMAGE or remove IMAGE. fetch continues what broke off, compares the checksum, and gets a newer image if there is one. A VM keeps the image that it was created from. The catalogue is extended by images.json in the state folder: see docs/guest.md.',
    examples: ['virt-rewind images', 'virt-rewind images fetch debian-13', 'virt-rewind images remove debian-13'],
    act: async () => (await import('./imagesCommand.js')).images,
  },
} as const satisfies Wing['commands'];
