# Second half of the guest's first process: mounts, cgroups, then the command.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/.vm/bin
export PATH HOME=/root
/.vm/busybox --install -s /.vm/bin
[ -e /bin/sh ] || /.vm/busybox --install -s /usr/bin
. /.vm/request

mkdir -p /dev/pts /dev/shm /dev/mqueue
mount -t devpts -o gid=5,mode=620,ptmxmode=666 devpts /dev/pts
mount -t tmpfs -o nosuid,nodev tmpfs /dev/shm
mount -t tmpfs -o mode=755 tmpfs /run
mount -t mqueue mqueue /dev/mqueue
ln -sf pts/ptmx /dev/ptmx
ln -sf /proc/self/fd /dev/fd
ln -sf /proc/self/fd/0 /dev/stdin
ln -sf /proc/self/fd/1 /dev/stdout
ln -sf /proc/self/fd/2 /dev/stderr
mount -t bpf bpf /sys/fs/bpf
mount -t cgroup2 cgroup2 /sys/fs/cgroup
for controller in $(cat /sys/fs/cgroup/cgroup.controllers); do
  echo "+$controller" >/sys/fs/cgroup/cgroup.subtree_control
done
[ -e /usr/sbin/modprobe ] || ln -s /.vm/bin/modprobe /usr/sbin/modprobe
ip link set lo up
hostname rt-vm

if [ "$INIT" = systemd ]; then
  mkdir -p /etc/systemd/system
  echo 00000000000000000000000000007274 >/etc/machine-id
  cat >/etc/systemd/system/rt-vm.service <<'UNIT'
[Unit]
DefaultDependencies=no
[Service]
Type=oneshot
Delegate=yes
TasksMax=infinity
ExecStart=/.vm/busybox sh /.vm/run
UNIT
  exec /usr/lib/systemd/systemd --unit=rt-vm.service
fi
. /.vm/run
