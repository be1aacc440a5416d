// The same of the devices of a VM, in the words of `knownDomainXml`. Data only.

export const knownDevices = `
&devices
 disk type=file,block device=disk model snapshot &disk
 disk type=file device=cdrom,floppy snapshot &disk
 !disk type device=cdrom,floppy snapshot &disk
 controller type index model ports vectors maxEventChannels maxGrantFrames &common
  driver iommu ats packed page_per_vq queues cmd_per_lun max_sectors ioeventfd iothread
   iothreads
    iothread id
     queue id
  model name
  target chassisNr chassis port busNr index hotplug memReserve
   node #
  master startport
  pcihole64 unit #
 hub type &common
 interface type=network,user trustGuestRxFilters &interface
 interface type=bridge,direct,network &interface
 !interface type managed trustGuestRxFilters &interface
 input type=mouse,keyboard,tablet bus model &common
  driver iommu ats packed page_per_vq
 !input type=evdev,passthrough bus model &common
  source dev* evdev* grab repeat grabToggle
  driver iommu ats packed page_per_vq
 sound model streams multichannel &common
  codec type
  audio id
  driver iommu ats packed page_per_vq
 audio id type=none,spice timerPeriod
  input &audioside
  output &audioside
 !audio id type timerPeriod serverName runtimeDir* path* driver
  input &audioside
  output &audioside
 video &common
  driver name=qemu iommu ats packed page_per_vq
  model type vram vram64 ram vgamem heads primary blob edid
   !acceleration accel3d accel2d rendernode*
   resolution x y
 graphics type=vnc,spice port autoport keymap passwd* passwdValidTo connected sharePolicy powerControl defaultMode !listen !tlsPort !websocket !socket* &graphics
 !graphics type port autoport keymap passwd* passwdValidTo listen socket* display xauth* fullscreen address* p2p multiUser replaceUser username &graphics
 redirdev bus type=spicevmc &common
 redirfilter
  usbdev class vendor product version allow
 smartcard mode=passthrough type=spicevmc &common
 memballoon model autodeflate freePageReporting &common
  stats period
  driver iommu ats packed page_per_vq
 rng model &common
  rate bytes period
  backend model=builtin
  backend model=random #=/dev/urandom,/dev/random
  !backend model=random #*
  !backend model=egd type
   source mode host service path*
  driver iommu ats packed page_per_vq
 tpm model &common
  backend type=emulator version persistent_state debug
   active_pcr_banks
    sha1
    sha256
    sha384
    sha512
   profile name removeDisabled
  !backend type=passthrough
   device path*
 watchdog model action=reset,shutdown,poweroff,pause,none,inject-nmi &common
 !watchdog model action=dump &common
 panic model &common
 iommu model &common
  driver intremap caching_mode eim iotlb aw_bits dma_translation passthrough xtsup pt granule
 crypto model type &common
  backend model=builtin queues
 nvram &common
 memory model=dimm,virtio-mem access discard dynamicMemslots &memorydevice
 !memory model=nvdimm,virtio-pmem,sgx-epc access discard &memorydevice
 serial type &port
 parallel type &port
 console type &port
 channel type &port
 !hostdev mode type managed model sgio rawio ramfb display &common
  source protocol name startupPolicy writeFiltering guestReset wwpn host bus !path*
   vendor id
   product id
   address type domain bus slot function device uuid unit target
   adapter name
  driver name model
  boot order
 !filesystem type accessmode fmode dmode multidevs model &common
  driver type format name wrpolicy queue iommu ats packed page_per_vq
  source dir* file* dev* name pool volume usage units socket*
  target dir*
  readonly
  space_hard_limit unit #
  space_soft_limit unit #
 !shmem name role &common
  model type
  size unit #
  server path*
  msi enabled vectors ioeventfd
 !vsock model &common
  cid auto address
  driver iommu ats packed page_per_vq
 !lease
  lockspace #*
  key #*
  target path* offset
&disk &common
 driver name=qemu type iommu ats packed page_per_vq cache error_policy rerror_policy io ioeventfd event_idx copy_on_read discard discard_no_unref iothread detect_zeroes queues queue_size
  metadata_cache
   max_size unit #
  iothreads
   iothread id
    queue id
  statistics
   statistic interval
   latency-histogram type
    bin start
 source file* dev* startupPolicy index !pool* !volume* !mode !protocol !name* !query*
  !host name port transport socket*
  encryption &encryption
 encryption &encryption
 backingStore &layer type=file,block index
 target dev bus tray removable rotation_rate dpofua
 readonly
 shareable
 iotune &iotune
 serial #*
 wwn #
 vendor #*
 product #*
 geometry cyls heads secs trans
 blockio logical_block_size physical_block_size discard_granularity
&encryption format=luks engine=qemu
 secret type=passphrase uuid usage*
&layer
 format type
  metadata_cache
   max_size unit #
 source file* index
 backingStore &layer type=file index
&iotune
 group_name #
 total_bytes_sec #
 read_bytes_sec #
 write_bytes_sec #
 total_iops_sec #
 read_iops_sec #
 write_iops_sec #
 total_bytes_sec_max #
 read_bytes_sec_max #
 write_bytes_sec_max #
 total_iops_sec_max #
 read_iops_sec_max #
 write_iops_sec_max #
 size_iops_sec #
 total_bytes_sec_max_length #
 read_bytes_sec_max_length #
 write_bytes_sec_max_length #
 total_iops_sec_max_length #
 read_iops_sec_max_length #
 write_iops_sec_max_length #
 throttle_group #
&interface &common
 mac address type check
 source network portgroup bridge dev mode !type !path* !managed !address !port
  !address type domain bus slot function uuid
  !local address port
  !reconnect enabled timeout
 !virtualport type
  parameters managerid typeid typeidversion instanceid profileid interfaceid
 model type
 target dev !managed
 link state
 mtu size
 driver name=qemu,vhost txmode ioeventfd event_idx queues rx_queue_size tx_queue_size rss rss_hash_report iommu ats packed page_per_vq
  host csum gso tso4 tso6 ecn ufo mrg_rxbuf
  guest csum tso4 tso6 ecn ufo
 !driver name model
 coalesce
  rx
   frames max
 bandwidth
  inbound average peak burst floor
  outbound average peak burst
 filterref filter
  parameter name value*
 port isolated
 !vlan trunk
  tag id nativeMode
 tune
  sndbuf #
 teaming type persistent
 ip family address prefix
 !portForward proto address dev
  range start end to exclude
 !backend type
 rom bar enabled
&audioside mixingEngine fixedSettings voices bufferLength bufferCount latency name streamName connectPorts exactName !dev* tryPoll
 settings frequency channels format
&graphics
 listen type=none
 listen type=address address=127.0.0.1,::1,localhost
 !listen type address network socket*
 channel name mode
 image compression
 jpeg compression
 zlib compression
 playback compression
 streaming mode
 clipboard copypaste
 mouse mode
 filetransfer enable
 !gl enable rendernode*
 audio id
&port &common
 source !path* !append !mode !host !service !tls !channel !wiremode
  clipboard copypaste
  mouse mode
  !reconnect enabled timeout
 !protocol type
 !log file* append
 target type port name state address
  model name
&common
 alias name
 address type domain bus slot function multifunction controller target unit port reg cssid ssid devno iobase irq base
  zpci uid fid
 boot order loadparm
 acpi index
&memorydevice &common
 source
  pagesize unit #
  nodemask #
  !path #*
  !alignsize unit #
  !pmem
 uuid #
 target dynamicMemslots
  size unit #
  node #
  label
   size unit #
  block unit #
  requested unit #
  current unit #
  address base
  readonly
`;
