# What a shell on a node of a cluster is told before it is asked about VMs that the cluster runs, or shall run.
#
# | function   | carries out                                                                                      |
# |------------|--------------------------------------------------------------------------------------------------|
# | simulate   | crm_simulate with these words, on a copy of the configuration that was changed by the first word |
# | on_node    | a command line on another node, as the user who works here                                       |
# | write_new  | a file with this text, which was not there                                                       |
# | define_now | what the VM of this UUID is, kept by libvirt when it stops                                       |
PATH="$PATH:/usr/sbin:/sbin"
export PATH
simulate() {
  copy=$(mktemp) || return
  change=$1
  shift
  cibadmin --query >"$copy" &&
    { [ -z "$change" ] || CIB_file=$copy cibadmin --modify --scope configuration --xml-text "$change" >/dev/null; } &&
    crm_simulate --xml-file "$copy" --simulate --output-as=xml "$@"
  code=$?
  rm -f "$copy" "$copy.sig"
  return "$code"
}
on_node() { timeout 15 ssh -o BatchMode=yes -o ConnectTimeout=5 -- "$1" "$2"; }
write_new() (
  set -C
  printf '%s' "$2" >"$1"
)
define_now() {
  copy=$(mktemp) || return
  virsh --connect "$1" dumpxml --inactive --security-info "$2" >"$copy" && virsh --connect "$1" define "$copy"
  code=$?
  rm -f "$copy"
  return "$code"
}
