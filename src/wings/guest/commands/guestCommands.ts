// The commands for VMs of cloud images, loaded when one is called.
import type { Wing } from '../../wing.js';

export const guestCommands = {
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
