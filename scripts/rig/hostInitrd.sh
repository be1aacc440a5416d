#!/bin/sh
# A hook of initramfs-tools: what a real host (hostImage.mjs) needs to reach its root file system.
[ "$1" = prereqs ] && exit 0
. /usr/share/initramfs-tools/hook-functions
manual_add_modules virtio_pci virtio_blk ext4 crc32c_generic
