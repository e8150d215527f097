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

# One pipe leads to the port, which only one process can open.
port=$(ls /dev/vport*p1)
mkfifo /run/rt-vm.out
cat /run/rt-vm.out >"$port" &
exec 3>/run/rt-vm.out
(sleep "$LIMIT" && poweroff -f) 3>&- &
read -r uptime _ </proc/uptime
printf '\n%s start %s\n' "$NONCE" "$uptime" >&3
setsid sh -c '. /.vm/request; run_command' </dev/null >&3 2>&1 3>&-
printf '\n%s exit %d\n' "$NONCE" "$?" >&3
# The host ends the machine when it has read that line.
sleep 5
poweroff -f
