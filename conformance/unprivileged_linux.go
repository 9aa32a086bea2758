package main

import (
	"context"
	"io"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"syscall"

	"golang.org/x/sys/unix"

	"reactorbench/conformance/spec"
)

// within marks the environment of a command that runs in a user namespace already.
const within = "REACTORBENCH_USER_NAMESPACE=1"

// runUnprivileged runs the whole command again in a user namespace, in which an ordinary user may make networks and clocks, if
// one of the checks needs that and this process may not. It reports false where the command shall go on here: as root, without such
// checks, and where the system allows no such namespace, which each of the checks then says.
//
// The user stays who he is (one number is mapped to itself), and his rights over the machine stay what they are: what he gains
// are rights over networks, and clocks, that he makes there.
func runUnprivileged(ctx context.Context) (status int, done bool) {
	if os.Geteuid() == 0 || slices.Contains(os.Environ(), within) || !needsNamespace(os.Args[1:]) {
		return 0, false
	}
	self, err := os.Executable()
	if err != nil {
		return 0, false
	}
	runtime.LockOSThread() // the death signal below is the thread's
	defer runtime.UnlockOSThread()
	again := exec.Command(self, os.Args[1:]...)
	again.Env = append(os.Environ(), within)
	again.Stdin, again.Stdout, again.Stderr = os.Stdin, os.Stdout, os.Stderr
	again.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  unix.CLONE_NEWUSER,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}},
		AmbientCaps: []uintptr{unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_SYS_TIME},
		Pdeathsig:   syscall.SIGKILL,
	}
	if again.Start() != nil {
		return 0, false
	}
	passOn := context.AfterFunc(ctx, func() { again.Process.Signal(syscall.SIGTERM) }) // Ctrl-C has reached it too
	defer passOn()
	again.Wait()
	return again.ProcessState.ExitCode(), true
}

// needsNamespace reports whether the command line asks for a check that needs a network or a clock of its own. One that is wrong does not.
func needsNamespace(args []string) bool {
	c, err := parse(args, io.Discard)
	if err != nil || c.list || c.document || c.explain != "" || c.addr != "" {
		return false
	}
	checks, err := c.selected(spec.All())
	return err == nil && slices.ContainsFunc(checks, func(check spec.Check) bool { return check.Network || check.Clock })
}
