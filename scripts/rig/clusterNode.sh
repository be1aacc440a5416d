#!/bin/bash
# A node of a cluster beside a private libvirtd, in whose namespaces this is run: corosync and Pacemaker with folders of
# their own. They end with the daemon.
# usage: clusterNode.sh FOLDER NAME=ADDRESS...
#   all nodes of the cluster; more than one reach each other by eth0
set -e
dir=$1 node=$(uname -n)
shift

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

nodes='' id=0
for one; do
  id=$((id + 1))
  nodes+=$(printf '\n  node {\n    ring0_addr: %s\n    name: %s\n    nodeid: %s\n  }' "${one#*=}" "${one%%=*}" "$id")
  [ "${one%%=*}" = "$node" ] && [ $# -gt 1 ] && ip address add "${one#*=}/24" dev eth0 && ip link set eth0 up
done
cat >/etc/corosync/corosync.conf <<X
totem {
  version: 2
  cluster_name: test
  transport: knet
  crypto_cipher: none
  crypto_hash: none
  token: 1000
}
nodelist {$nodes
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
# Written before the start, for nobody is asked then: no node waits for long, and nobody can fence one. A node that was
# in the cluster before gets what it has by now.
cib=/var/lib/pacemaker/cib/cib.xml
[ -e $cib ] || cibadmin --empty | sed 's#<crm_config/>#<crm_config><cluster_property_set id="options">\
<nvpair id="wait" name="dc-deadtime" value="1s"/>\
<nvpair id="stonith" name="stonith-enabled" value="false"/></cluster_property_set></crm_config>#' >$cib
chmod 600 $cib
chown -R hacluster:haclient /var/lib/pacemaker /var/log/pacemaker /run/crm
chmod 750 /var/lib/pacemaker/*

cd /
corosync
for _ in {1..200}; do corosync-quorumtool >/dev/null 2>&1 && break; sleep 0.05; done
setsid pacemakerd </dev/null >/var/log/pacemaker/out 2>&1 &
# crmadmin before there is a controller waits for ever.
for _ in {1..300}; do timeout 2 crmadmin -q -S "$node" 2>/dev/null | grep -Eq 'IDLE|NOT_DC' && exit; sleep 0.1; done
echo 'the cluster did not come up' >&2
tail -20 /var/log/pacemaker/pacemaker.log >&2
exit 1
