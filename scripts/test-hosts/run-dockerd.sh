#!/bin/sh
# Process 1 of an engine's process namespace: when it ends, the kernel ends shims and containers and drops the mounts.
# run-dockerd.sh CONFIG
set -e
ip link set lo up
dockerd --config-file "$1" &
wait $!
