package host

import "golang.org/x/sys/unix"

// machineMemory is how much this machine has, in bytes; 0 when it does not tell.
func machineMemory() int64 {
	var info unix.Sysinfo_t
	if err := unix.Sysinfo(&info); err != nil {
		return 0
	}
	return int64(info.Totalram) * int64(info.Unit)
}
