#!/bin/sh
# Breaks two of the three VMs: the database has lost its orders, the server its power.
virt-rewind run shop-database -- rm -f /data/orders
virt-rewind stop shop-server --force --yes
