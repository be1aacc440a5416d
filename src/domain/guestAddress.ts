// Where a guest can be reached on the network, and who says so.

export interface GuestAddress {
  /** IPv4 or IPv6, checked to be one. */
  readonly address: string;
  /** The guest agent; the host's DHCP server; what the host has met on its network. */
  readonly from: 'agent' | 'lease' | 'arp';
}

/** A port of the host leads to a port of the guest. */
export interface GuestPort {
  readonly address: string;
  readonly port: number;
  /** Whether the guest has taken a connection that is open now; absent where only the guest knows. */
  readonly isTaken?: boolean;
}
