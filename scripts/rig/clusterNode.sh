#!/bin/bash
# A cluster of one node beside a private libvirtd, in whose namespaces this is run: corosync and Pacemaker with folders
# of their own. They end with the daemon.
# usage: clusterNode.sh FOLDER
set -e
dir=$1 node=$(uname -n)

over() { mkdir -p "$dir/$1" "$2" && mount --bind "$dir/$1" "$2"; }

mkdir -p /run/crm /run/lock /run/pacemaker /run/resource-agents
over corosync /etc/corosync
over corosync-state /var/lib/corosync
over corosync-log /var/log/corosync
over pacemaker-etc /etc/pacemaker
over pacemaker /var/lib/pacemaker
over pacemaker-log /var/log/pacemaker
mountpoint -q /dev/shm || mount -t tmpfs shm /dev/shm
mkdir -p /var/lib/pacemaker/{cib,cores,pengine,blackbox}

cat >/etc/corosync/corosync.conf <<X
totem {
  version: 2
  cluster_name: test
  transport: knet
  crypto_cipher: none
  crypto_hash: none
}
nodelist {
  node {
    ring0_addr: 127.0.0.1
    name: $node
    nodeid: 1
  }
}
quorum {
  provider: corosync_votequorum
}
logging {
  to_logfile: yes
  logfile: /var/log/corosync/corosync.log
  to_syslog: no
}
system {
  sched_rr: no
}
X
# Written before the start, for nobody is asked then: one node waits for no other, and nobody can fence it.
cibadmin --empty | sed 's#<crm_config/>#<crm_config><cluster_property_set id="options">\
<nvpair id="wait" name="dc-deadtime" value="1s"/>\
<nvpair id="stonith" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>#' \
  >/var/lib/pacemaker/cib/cib.xml
chmod 600 /var/lib/pacemaker/cib/cib.xml
chown -R hacluster:haclient /var/lib/pacemaker /var/log/pacemaker /run/crm
chmod 750 /var/lib/pacemaker/*

cd /
corosync
for _ in {1..200}; do corosync-quorumtool >/dev/null 2>&1 && break; sleep 0.05; done
setsid pacemakerd </dev/null >/var/log/pacemaker/out 2>&1 &
# crmadmin before there is a controller waits for ever.
for _ in {1..300}; do timeout 2 crmadmin -q -S "$node" 2>/dev/null | grep -q IDLE && exit; sleep 0.1; done
echo 'the cluster did not come up' >&2
tail -20 /var/log/pacemaker/pacemaker.log >&2
exit 1
