// Disks of all kinds as libvirt writes them, for what must hold of every one.

export const diskCorpus: readonly string[] = [
  "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a'/><target dev='vda' bus='virtio'/></disk>",
  "<disk type='file' device='disk' snapshot='no' model='virtio'><driver name='qemu' type='raw' cache='none' io='native' " +
    "discard='unmap' detect_zeroes='unmap' error_policy='stop' rerror_policy='report' iothread='1' queues='4' copy_on_read='on'>" +
    "<metadata_cache><max_size unit='KiB'>1024</max_size></metadata_cache></driver><source file='/a' startupPolicy='optional' index='1'>" +
    "<seclabel model='dac' relabel='no'/></source><backingStore/><target dev='vda' bus='virtio' rotation_rate='1'/>" +
    '<iotune><total_bytes_sec>1</total_bytes_sec><group_name>g</group_name></iotune><serial>s</serial><wwn>5000c50015ea71ac</wwn>' +
    "<vendor>v</vendor><product>p</product><boot order='1'/><alias name='virtio-disk0'/><blockio logical_block_size='512'/>" +
    "<geometry cyls='1' heads='2' secs='3'/><acpi index='1'/><address type='pci' domain='0x0000'/></disk>",
  "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/c' index='3'/><backingStore type='file' index='2'>" +
    "<format type='qcow2'><metadata_cache><max_size unit='b'>1</max_size></metadata_cache></format><source file='/b'/>" +
    "<backingStore type='network' index='1'><format type='raw'/><source protocol='nbd' name='n'><host name='h' port='1'/></source>" +
    "<backingStore/></backingStore></backingStore><mirror type='file' job='active-commit' ready='yes'><format type='qcow2'/>" +
    "<source file='/m' index='4'/><backingStore/></mirror><target dev='vda' bus='virtio'/></disk>",
  "<disk type='block' device='disk'><driver name='qemu' type='raw'/><source dev='/dev/vg/a'/><target dev='vda' bus='scsi'/><shareable/></disk>",
  "<disk type='volume' device='disk'><driver name='qemu' type='qcow2'/><source pool='p' volume='v' mode='host'/><target dev='vda'/></disk>",
  "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a'><dataStore type='file'><format type='raw'/>" +
    "<source file='/d'/></dataStore></source><target dev='vda'/><transient shareBacking='yes'/><readonly/></disk>",
  "<disk type='file' device='disk'><driver name='qemu' type='qcow2'/><source file='/a'><encryption format='luks'>" +
    "<secret type='passphrase' uuid='6f0a0f8e-0b6e-4c57-9d0e-6a1f3a2f5b10'/></encryption></source><target dev='vda'/></disk>",
  "<disk type='file' device='disk'><driver name='qemu' type='raw'/><source file='/a'><slices><slice type='storage' offset='1' " +
    "size='2'/></slices></source><target dev='vda'/></disk>",
];
