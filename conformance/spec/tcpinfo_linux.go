package spec

import "golang.org/x/sys/unix"

// bareSegments is how many segments without data a socket has received.
func bareSegments(fd int) (int, error) {
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return 0, err
	}
	return int(info.Segs_in) - int(info.Data_segs_in), nil
}

// sentWithSYN reports whether the other end has taken data that came with the first packet of a connection.
func sentWithSYN(fd int) (bool, error) {
	const synData = 32 // TCPI_OPT_SYN_DATA of linux/tcp.h
	info, err := unix.GetsockoptTCPInfo(fd, unix.IPPROTO_TCP, unix.TCP_INFO)
	return err == nil && info.Options&synData != 0, err
}

// connectWithData has connect wait for the first write, and send its bytes along.
func connectWithData(fd int) error {
	return unix.SetsockoptInt(fd, unix.IPPROTO_TCP, unix.TCP_FASTOPEN_CONNECT, 1)
}
