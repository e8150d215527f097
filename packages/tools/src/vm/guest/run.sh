# Runs the command and brings back its output and exit status; ends the machine.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/.vm/bin
export PATH HOME=/root
. /.vm/request

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
