#!/bin/sh
# A fence agent for a cluster of one node in a test: it answers, and cuts nobody's power.
while IFS='=' read -r name value; do
  [ "$name" = action ] && action=$value
done
[ "$1" = -o ] && action=$2
case $action in
  metadata)
    cat <<'X'
<?xml version="1.0"?>
<resource-agent name="fence_nobody" shortdesc="answers">
<longdesc>answers</longdesc>
<parameters><parameter name="action" required="1"><content type="string" default="off"/><shortdesc lang="en">action</shortdesc></parameter></parameters>
<actions><action name="off"/><action name="on"/><action name="status"/><action name="monitor"/><action name="list"/><action name="metadata"/></actions>
</resource-agent>
X
    ;;
  on | status | monitor | list | validate-all) ;;
  *) exit 1 ;;
esac
