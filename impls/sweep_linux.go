package impls

import (
	"bytes"
	"os"
	"slices"
	"strconv"

	"golang.org/x/sys/unix"
)

// A clan is a server and all that comes from it.
type clan struct {
	leader      int    // the server, dead and not reaped, so that its number is no other's
	marker      string // in the environment of every child that does not wash it off
	environment []byte // the last one read, for its room
}

// sweep kills what a dead server left behind and returns how many processes that were: those of its process group,
// and those that fled into a group of their own but still carry the marker in their environment.
func sweep(leader int, marker string) int {
	c := clan{leader: leader, marker: marker}
	found := make(map[int]bool)
	for range 100 { // a process may fork while it is looked for
		alive := false
		for _, pid := range processes() {
			switch {
			case pid == leader:
			case c.killMember(pid):
				found[pid], alive = true, true
			case found[pid] && !hasEnded(pid): // it is about to: its environment goes first
				alive = true
			}
		}
		if !alive {
			break
		}
	}
	return len(found)
}

// killMember kills the process if it belongs to the server, and reports whether it does. A process that seems to is held by a
// handle and looked at again, so that its number cannot pass to another one between look and kill. The first look spares all
// others the handle: of the processes of a machine almost none belongs to the server.
func (c *clan) killMember(pid int) bool {
	if !c.has(pid) {
		return false
	}
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer process.Release()
	if hasEnded(pid) || !c.has(pid) {
		return false
	}
	process.Kill()
	return true
}

// has reports whether the process belongs to the server. It asks for no more than it must: one file of /proc costs ten times what
// the group does, and the state, in /proc/PID/stat, more than the environment.
func (c *clan) has(pid int) bool {
	if group, err := unix.Getpgid(pid); err != nil || group == c.leader {
		return err == nil
	}
	c.read("/proc/" + strconv.Itoa(pid) + "/environ")
	return bytes.Contains(c.environment, []byte("\x00"+c.marker+"\x00"))
}

// read fills c.environment with the entries of the file, each between two zero bytes. It does without what a file of package os
// costs beside the reading. One that cannot be read is empty.
func (c *clan) read(name string) {
	c.environment = append(c.environment[:0], 0)
	fd, err := unix.Open(name, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return
	}
	defer unix.Close(fd)
	for {
		const page = 4 << 10
		c.environment = slices.Grow(c.environment, page)
		n, _ := unix.Read(fd, c.environment[len(c.environment):cap(c.environment)])
		if n <= 0 {
			break
		}
		c.environment = c.environment[:len(c.environment)+n]
	}
	c.environment = append(c.environment, 0)
}

func processes() []int {
	dir, err := os.Open("/proc")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, _ := dir.Readdirnames(-1)
	var pids []int
	for _, name := range names {
		if pid, err := strconv.Atoi(name); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// hasEnded reads the third field of /proc/PID/stat. It is found behind the last parenthesis, because the second field is a name of
// any characters.
func hasEnded(pid int) bool {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	return len(fields) == 0 || fields[0][0] == 'Z' || fields[0][0] == 'X'
}
