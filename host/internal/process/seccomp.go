//go:build linux

package process

import (
	"errors"
	"fmt"
	"unsafe"

	seccomp "github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// denied are the system calls that a plugin has no use for: what looks into
// other processes, changes mounts, namespaces, keys, the clock or the kernel,
// and interfaces that had more holes than users.
func denied() []string {
	return []string{
		"ptrace", "process_vm_readv", "process_vm_writev", "process_madvise", "kcmp", "pidfd_getfd", "perf_event_open",
		"mount", "umount", "umount2", "pivot_root", "chroot", "move_mount", "open_tree", "fsopen", "fsconfig", "fsmount", "fspick", "mount_setattr",
		"unshare", "setns", "open_by_handle_at", "name_to_handle_at", "fanotify_init",
		"bpf", "userfaultfd", "io_uring_setup", "io_uring_enter", "io_uring_register",
		"keyctl", "add_key", "request_key",
		"init_module", "finit_module", "delete_module", "create_module", "kexec_load", "kexec_file_load", "reboot",
		"swapon", "swapoff", "acct", "syslog", "quotactl", "quotactl_fd", "lookup_dcookie", "nfsservctl", "vhangup",
		"settimeofday", "clock_settime", "clock_settime64", "adjtimex", "clock_adjtime", "stime",
		"iopl", "ioperm", "modify_ldt", "sethostname", "setdomainname", "uselib", "ustat", "sysfs", "_sysctl",
	}
}

const namespaces = unix.CLONE_NEWNS | unix.CLONE_NEWUSER | unix.CLONE_NEWPID | unix.CLONE_NEWNET | unix.CLONE_NEWIPC | unix.CLONE_NEWUTS | unix.CLONE_NEWCGROUP

// policy refuses with EPERM. clone3 passes its flags where no filter can read
// them, so it is as unknown as on an old kernel, and libraries use clone.
func policy(info *arch.Info) seccomp.Policy {
	var names []string
	for _, name := range denied() {
		if _, known := info.SyscallNames[name]; known {
			names = append(names, name)
		}
	}
	return seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls: []seccomp.SyscallGroup{
			{Action: seccomp.ActionErrno, Names: names},
			{Action: seccomp.ActionErrno, NamesWithCondtions: []seccomp.NameWithConditions{{
				Name: "clone", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.BitsSet, Value: namespaces}},
			}}},
			{Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS), Names: []string{"clone3"}},
		},
	}
}

// setSeccomp loads the filter for this thread.
func setSeccomp(spec) error {
	info, err := arch.GetInfo("")
	if err != nil {
		return err
	}
	p := policy(info)
	program, err := p.Assemble()
	if err != nil {
		return fmt.Errorf("assemble the filter: %w", err)
	}
	return load(append(nativeOnly(info), program...))
}

// nativeOnly kills a process that calls the kernel as another architecture
// does, such as int 0x80 on amd64. The library would let it pass.
func nativeOnly(info *arch.Info) []bpf.Instruction {
	const offsetOfArch = 4 // in struct seccomp_data
	return []bpf.Instruction{
		bpf.LoadAbsolute{Off: offsetOfArch, Size: 4},
		bpf.JumpIf{Cond: bpf.JumpEqual, Val: uint32(info.ID), SkipTrue: 1},
		bpf.RetConstant{Val: unix.SECCOMP_RET_KILL_PROCESS},
	}
}

func load(program []bpf.Instruction) error {
	raw, err := bpf.Assemble(program)
	if err != nil {
		return fmt.Errorf("assemble the filter: %w", err)
	}
	filter := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filter[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	fprog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&fprog)))
	switch {
	case errno == unix.ENOSYS || errno == unix.EINVAL:
		return errors.New("the kernel has no seccomp filters")
	case errno != 0:
		return fmt.Errorf("load the filter: %w", errno)
	}
	return nil
}
