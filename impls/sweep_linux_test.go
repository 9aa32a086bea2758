package impls

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

const nobody = 1<<22 + 1 // above the kernel's largest process number

// TestWhoBelongsToAServer: the members of its group, and those who carry its marker, wherever it stands in an environment of any
// length.
func TestWhoBelongsToAServer(t *testing.T) {
	const marker = "CLAN=of-this-test"
	long := "LONG=" + strings.Repeat("x", 100<<10)
	for _, environment := range [][]string{{marker}, {marker, long}, {long, marker}, {"A=", marker, "B="}} {
		pid := sleeper(t, "sleep", environment).Process.Pid
		eventually(t, "the environment of a process that has just begun", func() bool {
			text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/environ", pid))
			return len(text) > 0
		})
		for _, test := range []struct {
			what string
			clan clan
			want bool
		}{
			{"a member of its group", clan{leader: pid, marker: "none"}, true},
			{"a bearer of its marker", clan{leader: nobody, marker: marker}, true},
			{"a bearer of a longer one", clan{leader: nobody, marker: marker[:len(marker)-1]}, false},
			{"a bearer of one that ends like it", clan{leader: nobody, marker: marker[1:]}, false},
			{"a stranger", clan{leader: nobody, marker: "none"}, false},
		} {
			for range 2 { // the second time in the room of the first
				if got := test.clan.has(pid); got != test.want {
					t.Errorf("%s belongs to it: %v, want %v", test.what, got, test.want)
				}
			}
		}
	}
	if c := (clan{leader: nobody}); c.has(nobody) {
		t.Error("a process that does not exist belongs to a server")
	}
}

// TestTheDeadAreNotSwept: a process that has ended and is not collected is in its group still, and nothing is left of it to kill.
func TestTheDeadAreNotSwept(t *testing.T) {
	dead := sleeper(t, "sleep", nil)
	c := clan{leader: dead.Process.Pid}
	dead.Process.Kill()
	eventually(t, "the end of the process", func() bool { return hasEnded(dead.Process.Pid) })
	if !c.has(dead.Process.Pid) || c.killMember(dead.Process.Pid) {
		t.Error("a dead member of the group was counted as left behind")
	}
}

// TestAnOddNameIsNoState: a process may be called what it likes, also something that reads as the fields behind a name.
func TestAnOddNameIsNoState(t *testing.T) {
	path, err := exec.LookPath("sleep")
	if err != nil {
		t.Fatal(err)
	}
	odd := filepath.Join(t.TempDir(), "x) Z 1 (")
	if err := os.Symlink(path, odd); err != nil {
		t.Fatal(err)
	}
	if pid := sleeper(t, odd, nil).Process.Pid; hasEnded(pid) {
		t.Errorf("process %d was taken for dead", pid)
	}
	if !hasEnded(nobody) {
		t.Error("a process that does not exist was taken for alive")
	}
}

// sleeper starts a process of a group of its own that ends with the test.
func sleeper(t *testing.T, path string, environment []string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(path, "3600")
	cmd.Args[0] = "sleep" // what a program of many names goes by
	cmd.Env = append([]string{}, environment...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	return cmd
}
