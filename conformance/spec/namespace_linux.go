package spec

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"reactorbench/impls"
)

// A namespace is a network that nothing outside can reach: its own loopback, all ports free, its own settings. The kernel
// takes it away with everything in it when its last thread, process and descriptor are gone, however they end.
type namespace struct {
	file *os.File      // holds it while no thread is inside
	work chan<- func() // what its thread shall do
}

// newNamespace makes one, with loopback up. It needs CAP_SYS_ADMIN over the user namespace that we are in.
func newNamespace() (*namespace, error) {
	work, made := make(chan func()), make(chan error)
	n := &namespace{work: work}
	impls.OnOwnThread(func() {
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			n.file, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
		for f := range work {
			f()
		}
	})
	err := <-made
	if err == nil {
		err = n.do(func() error { return raise("lo") })
	}
	if err != nil {
		n.close()
		return nil, err
	}
	return n, nil
}

// do calls f on the thread inside.
func (n *namespace) do(f func() error) error {
	done := make(chan error)
	n.work <- func() { done <- f() }
	return <-done
}

// enter takes the calling thread inside, for good.
func (n *namespace) enter() error { return unix.Setns(int(n.file.Fd()), unix.CLONE_NEWNET) }

func (n *namespace) socket(domain, kind, protocol int) (fd int, err error) {
	err = n.do(func() error {
		fd, err = unix.Socket(domain, kind, protocol)
		return err
	})
	return fd, err
}

// set writes settings of the network: the name below /proc/sys/net, and the value.
func (n *namespace) set(settings map[string]string) error {
	return n.do(func() error {
		var failed error
		for name, value := range settings {
			failed = errors.Join(failed, os.WriteFile(filepath.Join("/proc/sys/net", name), []byte(value), 0))
		}
		return failed
	})
}

func (n *namespace) close() {
	close(n.work)
	if n.file != nil {
		n.file.Close()
	}
}

// raise sets an interface up, lower down.
func raise(name string) error { return setFlags(name, unix.IFF_UP, 0) }
func lower(name string) error { return setFlags(name, 0, unix.IFF_UP) }

func setFlags(name string, set, clear uint16) error {
	return withInterface(name, func(fd int, request *unix.Ifreq) error {
		if err := unix.IoctlIfreq(fd, unix.SIOCGIFFLAGS, request); err != nil {
			return err
		}
		request.SetUint16(request.Uint16()&^clear | set)
		return unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, request)
	})
}

// withInterface prepares what the ioctls of netdevice(7) want: any socket of the namespace, and a request with the name.
func withInterface(name string, f func(fd int, request *unix.Ifreq) error) error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	request, err := unix.NewIfreq(name)
	if err != nil {
		return err
	}
	if err := f(fd, request); err != nil {
		return fmt.Errorf("interface %s: %w", name, err)
	}
	return nil
}
