// What of a VM's XML is written when the XML comes from a stranger: the virtual hardware, and nothing that names a part
// of the host. From libvirt's schema (domaincommon.rng, 9.0 to 12). What is not here is left out. Data only.

/**
 * A line for each element, below the one that it is in:
 *
 * | word     | means                                                                                   |
 * |----------|-----------------------------------------------------------------------------------------|
 * | `name`   | the element; several lines of one name: the first whose attributes fit                  |
 * | `!name`  | a part of the host: only where a person said so, or this VM has it there already        |
 * | `attr`   | an attribute of letters, digits and such, and no path                                   |
 * | `attr*`  | with any value: a title, or a file that another rule has judged                         |
 * | `attr=a,b` | one of these values, or the element is another one (or left out)                      |
 * | `!attr`  | of the host, as an element is                                                           |
 * | `#` `#*` `#=a,b` | the same of the text                                                            |
 * | `&name`  | with the children that stand below that name at the end                                 |
 */
export const knownDomain = `
domain type=kvm,qemu,hvf
 name #*
 uuid #
 hwuuid #
 genid #
 title #*
 description #*
 metadata
 memory unit dumpCore #
 currentMemory unit #
 maxMemory unit slots #
 memoryBacking
  hugepages
   page size unit nodeset
  nosharepages
  !locked
  source type=anonymous,memfd
  !source type
  access mode
  allocation mode threads
  discard
 memtune
  hard_limit unit #
  soft_limit unit #
  swap_hard_limit unit #
  !min_guarantee unit #
 numatune
  memory mode nodeset placement
  memnode cellid mode nodeset
 vcpu placement cpuset current #
 vcpus
  vcpu id enabled hotpluggable order
 cputune
  vcpupin vcpu cpuset
  emulatorpin cpuset
  iothreadpin iothread cpuset
  shares #
  period #
  quota #
  global_period #
  global_quota #
  emulator_period #
  emulator_quota #
  iothread_period #
  iothread_quota #
  !vcpusched vcpus scheduler priority
  !iothreadsched iothreads scheduler priority
  !emulatorsched scheduler priority
  cachetune vcpus
   cache id level type size unit
   monitor level vcpus
  memorytune vcpus
   node id bandwidth
   monitor vcpus
 iothreads #
 iothreadids
  iothread id thread_pool_min thread_pool_max
   poll max grow shrink
 defaultiothread thread_pool_min thread_pool_max
 blkiotune
  weight #
  !device
   path #*
   weight #
   read_bytes_sec #
   write_bytes_sec #
   read_iops_sec #
   write_iops_sec #
 throttlegroups
  throttlegroup &iotune
 resource
  partition #=/machine
  !partition #*
 perf
  event name enabled
 sysinfo type=smbios,fwcfg
  bios
   entry name #*
  system
   entry name #*
  baseBoard
   entry name #*
  chassis
   entry name #*
  oemStrings
   entry #*
  entry name* #*
 os firmware
  type arch machine #=hvm
  firmware
   feature name enabled
  loader type=rom,pflash readonly secure stateless format #*
  nvram template* templateFormat format type=file #*
   source file*
  kernel #*
  initrd #*
  dtb #*
  cmdline #*
  boot dev
  bootmenu enable timeout
  smbios mode
  bios useserial rebootTimeout
  !acpi
   table type #*
 features
  pae
  acpi
  apic eoi
  hap state
  viridian
  hyperv mode
   relaxed state
   vapic state
   spinlocks state retries
   vpindex state
   runtime state
   synic state
   stimer state
    direct state
   reset state
   vendor_id state value
   frequencies state
   reenlightenment state
   tlbflush state
    direct state
    extended state
   ipi state
   evmcs state
   avic state
   emsr_bitmap state
   xmm_input state
  kvm
   hidden state
   hint-dedicated state
   poll-control state
   pv-ipi state
   dirty-ring state size
  privnet
  pvspinlock state
  pmu state
  vmport state
  gic version
  smm state
   tseg unit #
  ioapic driver
  hpt resizing
   maxpagesize unit #
  vmcoreinfo state
  htm state
  nested-hv state
  msrs unknown
  ccf-assist state
  cfpc value
  sbbc value
  ibs value
  tcg
   tb-cache unit #
  async-teardown enabled
  ras state
  ps2 state
  aia value
 cpu &cpu mode match check migratable deprecated_features
 clock offset basis adjustment timezone start
  timer name track tickpolicy frequency mode present
   catchup threshold slew limit
 on_poweroff #
 on_reboot #
 on_crash #=destroy,restart,preserve,rename-restart
 !on_crash #
 on_lockfailure #
 pm
  suspend-to-mem enabled
  suspend-to-disk enabled
 keywrap
  cipher name state
 !launchSecurity type kernelHashes
  cbitpos #
  reducedPhysBits #
  policy #
  dhCert #*
  session #*
 seclabel type=dynamic model relabel
 devices &devices
&cpu
 model fallback vendor_id #
 vendor #
 topology sockets dies clusters cores threads
 maxphysaddr mode bits limit
 feature policy name
 cache level mode
 numa
  cell id cpus memory memAccess unit discard
   distances
    sibling id value
   cache level associativity policy
    size value unit
    line value unit
  interconnects
   latency initiator target cache type value
   bandwidth initiator target cache type value unit
domainsnapshot
 name #
 description #*
 state #
 creationTime #
 parent
  name #
 memory snapshot=no,internal,external file*
 disks
  disk name snapshot=no,internal,external,manual type=file
   driver type
    metadata_cache
     max_size unit #
   source file* index
   snapshotDeleteInProgress
 revertDisks
  disk name snapshot=no,internal,external,manual type=file
   driver type
   source file* index
   backingStore &layer type=file index
cookie
 cpu &cpu mode match check migratable
 slirpHelper
`;
