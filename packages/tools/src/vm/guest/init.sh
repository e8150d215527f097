#!/bin/busybox sh
# First process of the guest: builds the root file system out of the shared folders and goes on in it.
PATH=/bin
/bin/busybox --install -s /bin
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev
. /vm/request

for module in /vm/modules/*.ko; do
  insmod "$module" || echo "rt-vm: cannot load $module"
done

mount -t tmpfs -o mode=755,size=75% root /new
mkdir -p /new/.vm/bin /new/dev /new/proc /new/sys /new/run /new/tmp /new/root /new/etc /new/var/lib /new/var/log /new/home
chmod 1777 /new/tmp
cp -a /bin/busybox /vm/start /vm/run /vm/request /new/.vm/
cp -a /vm/etc/. /new/etc/
for dir in bin sbin lib lib64; do ln -s "usr/$dir" "/new/$dir"; done
ln -s /run /new/var/run

# Each folder is the host's, read-only, under a layer of memory that takes the writes.
for folder in $FOLDERS; do
  tag=${folder%%:*}
  path=${folder#*:}
  mkdir -p "/new$path" "/new/.vm/$tag/lower" "/new/.vm/$tag/upper" "/new/.vm/$tag/work"
  mount -t 9p -o "trans=virtio,version=9p2000.L,ro,cache=loose,msize=524288" "$tag" "/new/.vm/$tag/lower" || poweroff -f
  mount -t overlay -o "lowerdir=/new/.vm/$tag/lower,upperdir=/new/.vm/$tag/upper,workdir=/new/.vm/$tag/work" "$tag" "/new$path" || poweroff -f
done

mount --move /dev /new/dev
mount --move /proc /new/proc
mount --move /sys /new/sys
exec switch_root /new /.vm/busybox sh /.vm/start
