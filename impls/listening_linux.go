package impls

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/netip"
	"os"
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
// looked up among those of its network namespace.
func listeningAt(pid int, network string) ([]string, error) {
	sockets, err := socketInodes(pid)
	if err != nil {
		return nil, err
	}
	if network == "unix" {
		return listeningUnix(pid, sockets)
	}
	return listeningTCP(pid, sockets)
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

// listeningTCP asks, and reads the tables where it cannot: in a namespace that it may not enter, and of a kernel without
// sock_diag for TCP, which is a module (CONFIG_INET_TCP_DIAG).
func listeningTCP(pid int, sockets map[uint64]bool) ([]string, error) {
	bound, err := askListening(pid, sockets)
	if err != nil {
		return readListening(pid, sockets)
	}
	return bound, nil
}

// readListening reads the tables line by line and stops early: the kernel puts listening sockets first, and behind them
// may stand tens of thousands of connections of earlier runs.
func readListening(pid int, sockets map[uint64]bool) ([]string, error) {
	var bound []string
	for _, name := range []string{"tcp", "tcp6"} {
		table, err := os.Open("/proc/" + strconv.Itoa(pid) + "/net/" + name)
		if errors.Is(err, fs.ErrNotExist) { // a kernel without IPv6 has no tcp6
			continue
		}
		if err != nil {
			return nil, err
		}
		addresses, err := parseListening(table, sockets)
		table.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", table.Name(), err)
		}
		bound = append(bound, addresses...)
	}
	return bound, nil
}

// parseListening reads lines such as
//
//	sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
//	 0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 12345 ...
func parseListening(table io.Reader, sockets map[uint64]bool) ([]string, error) {
	const local, state, inode = 1, 3, 9 // fields
	const listen = "0A"                 // TCP_LISTEN, include/net/tcp_states.h
	var bound []string
	lines := bufio.NewScanner(table)
	lines.Scan() // the heading
	for lines.Scan() {
		fields := strings.Fields(lines.Text())
		if len(fields) <= inode {
			return nil, fmt.Errorf("a line of %d fields", len(fields))
		}
		if fields[state] != listen {
			break
		}
		if number, err := strconv.ParseUint(fields[inode], 10, 64); err != nil || !sockets[number] {
			continue
		}
		address, err := parseKernelAddress(fields[local])
		if err != nil {
			return nil, err
		}
		bound = append(bound, address.String())
	}
	return bound, lines.Err()
}

// parseKernelAddress reads "0100007F:1F90": the address as 32-bit words in the machine's byte order, the port as a number. An
// IPv4 address inside an IPv6 socket is given as IPv4, which is what clients know it by.
func parseKernelAddress(text string) (netip.AddrPort, error) {
	digits, port, _ := strings.Cut(text, ":")
	number, err := strconv.ParseUint(port, 16, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	octets, err := hex.DecodeString(digits)
	if err != nil {
		return netip.AddrPort{}, err
	}
	for word := octets; len(word) >= 4; word = word[4:] {
		binary.NativeEndian.PutUint32(word, binary.BigEndian.Uint32(word))
	}
	ip, ok := netip.AddrFromSlice(octets)
	if !ok {
		return netip.AddrPort{}, fmt.Errorf("%q is no address", text)
	}
	return netip.AddrPortFrom(ip.Unmap(), uint16(number)), nil
}

func listeningUnix(pid int, sockets map[uint64]bool) ([]string, error) {
	const accepts = 1 << 16                                // __SO_ACCEPTCON, include/uapi/linux/net.h
	own, err := procfs.NewFS("/proc/" + strconv.Itoa(pid)) // the process's own view of /proc/net
	if err != nil {
		return nil, err
	}
	table, err := own.NetUNIX()
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
