package main

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// do does one thing, and says how it went.
func do(what, with string) string {
	switch what {
	case "ok":
		return "ok"
	case "exit":
		fmt.Fprintln(os.NewFile(2, "stderr"), "goodbye, cruel host") // go-plugin's would come late
		os.Exit(3)
	case "rave": // many last words
		for i := range 2000 {
			fmt.Fprintln(os.NewFile(2, "stderr"), "word", i)
		}
		os.Exit(3)
	case "kill":
		syscall.Kill(os.Getpid(), syscall.SIGKILL)
		syscall.Exit(9) // the first process of a namespace can't kill itself
	case "panic":
		go panic("in a goroutine of its own")
		select {}
	case "ignore":
		signal.Ignore()
		select {}
	case "line":
		line := bytes.Repeat([]byte("y"), 1<<20)
		for range 100 {
			syscall.Write(2, line)
		}
		syscall.Write(2, []byte("\n"))
		return "ok"
	case "3 GB", "flood":
		return what
	case "daemon":
		return said(daemon())
	case "descriptors":
		return descriptors()
	case "see":
		return see()
	case "read":
		data, err := os.ReadFile(with)
		return fmt.Sprintf("%d bytes, %v", len(data), err)
	case "write":
		return said(os.WriteFile(with, []byte("x"), 0o600))
	case "connect":
		conn, err := net.DialTimeout("tcp", with, time.Second)
		if err == nil {
			conn.Close()
		}
		return said(err)
	case "ptrace":
		return ptrace(with)
	case "mount":
		return said(syscall.Mount("none", os.TempDir(), "tmpfs", 0, ""))
	case "unshare":
		return said(syscall.Unshare(syscall.CLONE_NEWUSER))
	case "signal":
		pid, _ := strconv.Atoi(with)
		return said(syscall.Kill(pid, 0))
	case "fork":
		return fork()
	case "allocate":
		return allocate()
	}
	return "unknown"
}

func said(err error) string {
	if err == nil {
		return "done"
	}
	return err.Error()
}

// child is what the program is when it started itself.
func child(what string) {
	if what == "daemon" {
		signal.Ignore()
		if os.Getenv("AGAIN") == "" {
			os.Setenv("AGAIN", "1")
			fmt.Println(said(daemon()))
			os.Exit(0)
		}
	}
	time.Sleep(time.Hour)
	os.Exit(0)
}

// daemon starts a process in a session of its own, that ignores every signal.
func daemon() error {
	cmd := exec.Command("/proc/self/exe", "daemon")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Stdout, cmd.Stderr = os.Stdout, os.NewFile(2, "stderr") // it holds the pipe
	return cmd.Start()
}

func descriptors() string {
	n := 0
	for {
		if _, err := syscall.Open("/dev/null", 0, 0); err != nil {
			return fmt.Sprintf("%d, %v", n, err)
		}
		n++
	}
}

// see tells everything that a plugin can see.
func see() string {
	var b strings.Builder
	fmt.Fprintln(&b, "env", os.Environ())
	fmt.Fprintln(&b, "args", os.Args)
	for fd := range 4096 {
		if target, err := os.Readlink(fmt.Sprintf("/proc/self/fd/%d", fd)); err == nil {
			fmt.Fprintln(&b, "fd", fd, target)
		} else if _, _, errno := syscall.Syscall(syscall.SYS_FCNTL, uintptr(fd), syscall.F_GETFD, 0); errno == 0 {
			fmt.Fprintln(&b, "fd", fd, "?")
		}
	}
	for _, kind := range []string{"environ", "cmdline"} {
		paths, _ := filepath.Glob("/proc/*/" + kind)
		for i := range 1 << 15 { // where the directory can't be listed
			paths = append(paths, fmt.Sprintf("/proc/%d/%s", i, kind))
		}
		for _, path := range paths {
			if data, err := os.ReadFile(path); err == nil {
				fmt.Fprintf(&b, "%s %q\n", path, data)
			}
		}
	}
	fmt.Fprintln(&b, "ppid", os.Getppid())
	return b.String()
}

func ptrace(with string) string {
	pid, _ := strconv.Atoi(with)
	return fmt.Sprintf("host: %v, parent: %v", syscall.PtraceAttach(pid), syscall.PtraceAttach(os.Getppid()))
}

func fork() string {
	for n := range 10_000 {
		if err := exec.Command("/proc/self/exe", "sleep").Start(); err != nil {
			return fmt.Sprintf("%d, %v", n, err)
		}
	}
	return "done"
}

func allocate() string {
	var all [][]byte
	for range 10 << 4 {
		block := make([]byte, 64<<20)
		for i := 0; i < len(block); i += 4096 {
			block[i] = 1
		}
		all = append(all, block)
	}
	return fmt.Sprint(len(all))
}
