# Waits until cloud-init has ended in the guest; prints the instance that it has configured.
#
# | exit | cloud-init                          |
# |------|-------------------------------------|
# | 0    | has done all of it                  |
# | 1, 2 | has done it, with errors of parts   |
# | 127  | is not there                        |
cloud-init status --wait >/dev/null 2>&1
code=$?
cat /var/lib/cloud/data/instance-id 2>/dev/null
exit "$code"
