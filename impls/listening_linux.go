package impls

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"strconv"
	"strings"

	"github.com/prometheus/procfs"
)

// proveListening returns nil if the process itself holds a listening socket that is bound to exactly this address. It asks
// the kernel, not the server: no connection is made, so none is counted.
//
// The process itself, not a child of it: CPU time and memory are read from it, and those of a wrapper would
// flatter whatever it wraps.
func proveListening(pid int, at announcement) error {
	bound, err := listeningAt(pid, at.network)
	if err != nil {
		return fmt.Errorf("cannot tell where process %d listens: %w", pid, err)
	}
	var others []string
	for _, address := range bound {
		if address == at.address {
			return nil
		}
		others = append(others, address)
	}
	if len(others) == 0 {
		return fmt.Errorf("process %d does not listen on %s, nor anywhere else; if a child of it does, start that directly", pid, at.address)
	}
	return fmt.Errorf("process %d does not listen on %s but on %s", pid, at.address, strings.Join(others, ", "))
}

// listeningAt lists the addresses at which the process has listening sockets: the sockets among its descriptors,
// looked up in the tables of its network namespace.
func listeningAt(pid int, network string) ([]string, error) {
	sockets, err := socketInodes(pid)
	if err != nil {
		return nil, err
	}
	tables, err := procfs.NewFS("/proc/" + strconv.Itoa(pid)) // a process's own view of /proc/net
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		return listeningUnix(tables, sockets)
	}
	return listeningTCP(tables, sockets)
}

func socketInodes(pid int) (map[uint64]bool, error) {
	process, err := procfs.NewProc(pid)
	if err != nil {
		return nil, err
	}
	targets, err := process.FileDescriptorTargets()
	if err != nil {
		return nil, err
	}
	sockets := make(map[uint64]bool)
	for _, target := range targets {
		var inode uint64
		if _, err := fmt.Sscanf(target, "socket:[%d]", &inode); err == nil {
			sockets[inode] = true
		}
	}
	return sockets, nil
}

func listeningTCP(tables procfs.FS, sockets map[uint64]bool) ([]string, error) {
	const listen = 10 // TCP_LISTEN, include/net/tcp_states.h
	lines, err := tables.NetTCP()
	if err != nil {
		return nil, err
	}
	six, err := tables.NetTCP6()
	if err != nil && !errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6 has no such table
		return nil, err
	}
	var bound []string
	for _, line := range append(lines, six...) {
		if line.St == listen && sockets[line.Inode] {
			ip, _ := netip.AddrFromSlice(line.LocalAddr)
			bound = append(bound, netip.AddrPortFrom(ip.Unmap(), uint16(line.LocalPort)).String())
		}
	}
	return bound, nil
}

func listeningUnix(tables procfs.FS, sockets map[uint64]bool) ([]string, error) {
	const accepts = 1 << 16 // __SO_ACCEPTCON, include/uapi/linux/net.h
	table, err := tables.NetUNIX()
	if err != nil {
		return nil, err
	}
	var bound []string
	for _, row := range table.Rows {
		if row.Flags&accepts != 0 && sockets[row.Inode] {
			bound = append(bound, row.Path)
		}
	}
	return bound, nil
}
