package spec

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// openTUN makes a network interface in the calling thread's namespace whose packets are read from and written to the
// file. The interface goes when the file is closed, or with us. See Documentation/networking/tuntap.rst.
func openTUN(name string, address [4]byte) (*os.File, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/net/tun: %w", err)
	}
	request, err := unix.NewIfreq(name)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err == nil {
		err = configure(name, address)
	}
	if err != nil {
		unix.Close(fd)
		return nil, fmt.Errorf("a TUN device: %w", err)
	}
	return os.NewFile(uintptr(fd), name), nil
}

// configure gives an interface an address, of a network of 256, and sets it up.
func configure(name string, address [4]byte) error {
	set := func(what uint, to [4]byte) error {
		return withInterface(name, func(fd int, request *unix.Ifreq) error {
			if err := request.SetInet4Addr(to[:]); err != nil {
				return err
			}
			return unix.IoctlIfreq(fd, what, request)
		})
	}
	if err := set(unix.SIOCSIFADDR, address); err != nil {
		return err
	}
	if err := set(unix.SIOCSIFNETMASK, [4]byte{255, 255, 255, 0}); err != nil {
		return err
	}
	return raise(name)
}

func setMTU(name string, bytes int) error {
	return withInterface(name, func(fd int, request *unix.Ifreq) error {
		request.SetUint32(uint32(bytes))
		return unix.IoctlIfreq(fd, unix.SIOCSIFMTU, request)
	})
}
