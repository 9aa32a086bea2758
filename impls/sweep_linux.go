package impls

import (
	"bytes"
	"os"
	"slices"
	"strconv"
)

// sweep kills what a dead server left behind and returns how many processes that were: those of its process group,
// and those that fled into a group of their own but still carry the marker in their environment, as every child does
// that does not wash it off.
func sweep(leader int, marker string) int {
	found := make(map[int]bool)
	for range 100 { // a process may fork while it is looked for
		alive := false
		for _, pid := range processes() {
			if pid != leader && killStray(pid, leader, marker) {
				found[pid], alive = true, true
			}
		}
		if !alive {
			break
		}
	}
	return len(found)
}

// killStray kills the process if it belongs to the server, and reports whether it does. The process is held by a
// handle before it is looked at, so that its number cannot pass to another one between look and kill.
func killStray(pid, leader int, marker string) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	defer process.Release()
	state, group := stateAndGroup(pid)
	if state == 'Z' || state == 'X' || state == 0 {
		return false
	}
	if group != leader && !carries(pid, marker) {
		return false
	}
	process.Kill()
	return true
}

func processes() []int {
	entries, _ := os.ReadDir("/proc")
	var pids []int
	for _, entry := range entries {
		if pid, err := strconv.Atoi(entry.Name()); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

// stateAndGroup reads the third and the fifth field of /proc/PID/stat. They are counted from the last parenthesis,
// because the second field is a name of any characters.
func stateAndGroup(pid int) (state byte, group int) {
	text, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	fields := bytes.Fields(text[bytes.LastIndexByte(text, ')')+1:])
	if len(fields) < 3 {
		return 0, 0
	}
	group, _ = strconv.Atoi(string(fields[2]))
	return fields[0][0], group
}

func carries(pid int, marker string) bool {
	environment, _ := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/environ")
	return slices.ContainsFunc(bytes.Split(environment, []byte{0}), func(entry []byte) bool { return string(entry) == marker })
}
