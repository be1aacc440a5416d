// The configuration of squid for the network of a lab. Pure. What a guest sends to squid is hostile, and so may be the
// answers of the name servers of an allowed name.

interface SquidWish {
  readonly address: string;
  readonly port: number;
  /** `HOST:PORT`, checked. */
  readonly allow: readonly string[];
  /** The file of what is refused; absent: it is not kept. */
  readonly log?: string;
  /** Those of this computer, `ADDRESS/LENGTH`: its own addresses, which change, and its neighbours'. */
  readonly ownNetworks: readonly string[];
}

/**
 * IANA's registry of special-purpose addresses, and multicast. None is a part of another: squid would ignore the
 * larger one, with a warning. So each of this computer's own has a list of its own. The last one but one answers for
 * Azure on each of its hosts.
 */
const private4 = [
  ...['0.0.0.0/8', '10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.0.0.0/24'],
  ...['192.0.2.0/24', '192.88.99.0/24', '192.168.0.0/16', '198.18.0.0/15', '198.51.100.0/24', '203.0.113.0/24'],
  ...['168.63.129.16/32', '224.0.0.0/3'],
];
/**
 * All but 2000::/3, and what is embedded in it. To squid an IPv4 address is one of ::ffff:0:0/96, so that a wider
 * network of zeros would be all of IPv4.
 */
const private6 = [
  ...['::/96', '64:ff9b::/96', '64:ff9b:1::/48', '100::/8', '200::/7', '400::/6', '800::/5', '1000::/4'],
  ...['4000::/2', '8000::/1', '2001::/23', '2001:db8::/32', '2002::/16', '3fff::/20'],
];

/**
 * Each line for a server is read from the left: only a name and a port of the list are resolved, so that a guest cannot
 * send words to a name server. `-n`: squid would ask a name server for the name of an address, and whose address that
 * is answers what he likes. `found`: to squid, a name that it could not resolve has no private address.
 */
export function squidConf({ address, port, allow, log, ownNetworks }: SquidWish): string {
  const own = [...new Set([`${address}/24`, ...ownNetworks])];
  return [
    `http_port ${address}:${port}`,
    'visible_hostname virt-rewind',
    'acl connect method CONNECT',
    'acl http proto HTTP',
    `acl private dst ${[...private4, ...private6].join(' ')}`,
    ...own.map((one, at) => `acl own${at} dst ${one}`),
    `acl own any-of ${own.map((_, at) => `own${at}`).join(' ')}`,
    `acl lab src ${address}/24`,
    'acl found dst 0.0.0.0/1 128.0.0.0/1 2000::/3',
    'http_access deny manager',
    'http_access deny !lab',
    'http_access deny !connect !http',
    ...allow.flatMap((one, at) => {
      const [host = '', atPort = ''] = one.split(':');
      return [
        `acl name${at} dstdomain -n ${host}`,
        `acl port${at} port ${atPort}`,
        `http_access deny name${at} port${at} private`,
        `http_access deny name${at} port${at} own`,
        `http_access allow name${at} port${at} found`,
      ];
    }),
    'http_access deny all',
    'acl refused hier_code HIER_NONE',
    'logformat refused %ts %Ss %>eui %rm %>rd %>rP',
    log === undefined ? 'access_log none' : `access_log stdio:${log} logformat=refused on-error=drop refused`,
    // By default these have the name of the client's address, for which squid would ask a name server.
    ...['url_rewrite_extras', 'store_id_extras'].map((one) => `${one} none`),
    'cache_log /dev/null',
    'cache_store_log none',
    'logfile_rotate 0',
    'pid_filename none',
    'netdb_filename none',
    'coredump_dir none',
    'cache deny all',
    'cache_mem 0 MB',
    'pinger_enable off',
    'icp_port 0',
    'htcp_port 0',
    'snmp_port 0',
    'via off',
    'forwarded_for delete',
    // The addresses that were judged are those that it connects to: it asks once in this time.
    'negative_dns_ttl 1 minute',
    'client_ip_max_connections 100',
    'shutdown_lifetime 0 seconds',
    '',
  ].join('\n');
}
