package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestPcap: -pcap leaves a file for each check behind a link, and a failure says where it is.
func TestPcap(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "packets")
	_, stdout, _ := command(t, "-pcap", dir, "-run", "net/mtu-small", "--", wrong, "-addr", "{addr}", "-fault=answers-fin-with-rst")
	if strings.Contains(stdout, "1 skipped") {
		t.Skip("no network of its own here")
	}
	file := filepath.Join(dir, "wrong-net-mtu-small.pcapng")
	if info, err := os.Stat(file); err != nil || info.Size() < 10_000 {
		t.Errorf("%v, %v", info, err)
	}
	if !strings.Contains(strings.Join(strings.Fields(stdout), " "), "packets in "+file) {
		t.Errorf("the failure does not name %s:\n%s", file, stdout)
	}
}
