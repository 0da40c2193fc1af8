#!/bin/sh
# Process 1 of the namespaces of an engine from another release: makes ROOT its root, then starts registry and dockerd.
# In a mere chroot, builds fail and exec and HEALTHCHECK run in the machine's root.
# run-forky.sh ROOT HOST_DIRECTORY REGISTRY_STORAGE
set -e
ip link set lo up
mount --make-rprivate /
mount --bind "$1" "$1"
cd "$1"
mount -t proc proc proc
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount --rbind /dev dev
mount -t tmpfs tmpfs run
mount -t tmpfs tmpfs tmp
mkdir -p host .machine var/lib/docker var/lib/registry
mount --bind "$2" host
mount --bind "$2/data" var/lib/docker
mount --bind "$3" var/lib/registry
mount -o remount,bind,ro var/lib/registry
pivot_root . .machine
exec chroot . /bin/sh -c '
  umount -l /.machine
  docker-registry serve /host/registry.json > /host/registry.log 2>&1 &
  dockerd --config-file /host/daemon.json &
  wait $!
'
