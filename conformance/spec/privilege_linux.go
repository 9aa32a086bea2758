package spec

import "golang.org/x/sys/unix"

// forbidReservedPorts takes the right to bind ports below 1024 from the calling thread and from all that it forks, for ever: what
// executes a file gains no right that it had not before, be it root's or marked in the file.
func forbidReservedPorts() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var rights [2]unix.CapUserData // 32 each
	if err := unix.Capget(&header, &rights[0]); err != nil {
		return err
	}
	const bindService = uint32(1) << unix.CAP_NET_BIND_SERVICE
	rights[0].Effective &^= bindService
	rights[0].Permitted &^= bindService
	rights[0].Inheritable &^= bindService
	return unix.Capset(&header, &rights[0])
}
