package impls

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// TestNothingIsLeftBehind: a server may start what it likes; it is gone with it, and told.
func TestNothingIsLeftBehind(t *testing.T) {
	for _, fault := range []string{"orphans", "flees"} {
		s := start(t, "bad/"+fault, Options{})
		child := childOf(t, s)
		if !lives(child) {
			t.Fatalf("%s: no child to leave behind: %q", fault, s.Stderr())
		}
		exit, err := s.Stop(t.Context())
		if err != nil || exit.Left != 1 || exit.Clean() || exit.Code != 0 || exit.String() != "exited with status 0 and left 1 process(es) behind" {
			t.Errorf("%s: it %s, %v", fault, exit, err)
		}
		if lives(child) {
			t.Errorf("%s: process %d lives after Done", fault, child)
		}
	}
}

// childOf is the number of the child that the server started, as it tells it on stderr.
func childOf(t *testing.T, s *Server) (child int) {
	t.Helper()
	eventually(t, "the number of the child", func() bool {
		_, err := fmt.Sscanf(s.Stderr(), "%d\n", &child)
		return err == nil
	})
	return child
}

// TestASweepHitsNobodyElse: a process that belongs to another server, or to nobody, survives.
func TestASweepHitsNobodyElse(t *testing.T) {
	other := start(t, "bad/flees", Options{})
	bystander := exec.Command("sleep", "3600")
	if err := bystander.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { bystander.Process.Kill(); bystander.Wait() }()
	start(t, "bad/flees", Options{}).Stop(t.Context())
	if !lives(childOf(t, other)) || !lives(other.PID()) || !lives(bystander.Process.Pid) {
		t.Error("the end of one server hit another process")
	}
}

// TestAServerDiesWithItsHarness kills a harness as the kernel would, so that it can do nothing about its server.
func TestAServerDiesWithItsHarness(t *testing.T) {
	harness := exec.Command(os.Args[0])
	harness.Env = append(os.Environ(), parentOf+"="+executable(t, "good"))
	harness.Stderr = os.Stderr
	output, err := harness.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := harness.Start(); err != nil {
		t.Fatal(err)
	}
	server := 0
	line, _ := bufio.NewReader(output).ReadString('\n')
	if _, err := fmt.Sscan(line, &server); err != nil || !lives(server) {
		harness.Process.Kill()
		t.Fatalf("the helper started no server: %q", line)
	}
	harness.Process.Kill()
	harness.Wait()
	eventually(t, "the server is gone", func() bool { return !lives(server) })
}

// status reads one line of /proc/PID/status, or of that of a thread.
func status(t *testing.T, path, name string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	t.Fatalf("%s has no %s", path, name)
	return ""
}

// TestAffinity: the server is pinned with all its threads, from its first instruction; the harness is not.
func TestAffinity(t *testing.T) {
	var allowed unix.CPUSet
	if err := unix.SchedGetaffinity(0, &allowed); err != nil {
		t.Fatal(err)
	}
	last := 0
	for cpu := range 1024 {
		if allowed.IsSet(cpu) {
			last = cpu
		}
	}
	const line = "Cpus_allowed_list"
	before := status(t, "/proc/self/status", line)

	exit, err := Command("sh", "sh", "-c", "grep "+line+" /proc/self/status").Run(t.Context(), Options{CPUs: []int{last}})
	if want := fmt.Sprintf("%s:\t%d\n", line, last); err != nil || exit.Stdout != want {
		t.Errorf("a first instruction saw %q, %v; want %q", exit.Stdout, err, want)
	}
	s := start(t, "good", Options{CPUs: []int{last}, Loops: 4})
	threads, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", s.PID()))
	if len(threads) == 0 {
		t.Error("the server has no threads")
	}
	for _, thread := range threads {
		if got := status(t, thread, line); got != fmt.Sprint(last) {
			t.Errorf("%s may run on %s", thread, got)
		}
	}
	if got := harnessAffinity(t, line); got != before {
		t.Errorf("threads of the harness may run on %s, before it was %s", got, before)
	}

	if _, err := program(t, "good").Start(t.Context(), Options{CPUs: []int{last, 1023}}); err == nil || !strings.Contains(err.Error(), "pin to processors") {
		t.Errorf("a processor that does not exist was accepted: %v", err)
	}
}

// harnessAffinity is the affinity that all threads of this process have in common, or a list of differing ones.
func harnessAffinity(t *testing.T, line string) string {
	seen := make(map[string]bool)
	threads, _ := filepath.Glob("/proc/self/task/*/status")
	for _, thread := range threads {
		if _, err := os.Stat(thread); err == nil {
			seen[status(t, thread, line)] = true
		}
	}
	var list []string
	for affinity := range seen {
		list = append(list, affinity)
	}
	return strings.Join(list, " and ")
}

// TestDescriptorLimit: soft and hard, before the first instruction, and of nobody but the child.
func TestDescriptorLimit(t *testing.T) {
	var before, after unix.Rlimit
	unix.Getrlimit(unix.RLIMIT_NOFILE, &before)
	p := Command("sh", "sh", "-c", "ulimit -Sn; ulimit -Hn")
	for _, limit := range []uint64{20, 64, 1000} {
		exit, err := p.Run(t.Context(), Options{NoFile: limit})
		if want := fmt.Sprintf("%d\n%d\n", limit, limit); err != nil || exit.Stdout != want || exit.Code != 0 {
			t.Errorf("a first instruction saw %q, %v; want %q", exit.Stdout, err, want)
		}
	}
	unix.Getrlimit(unix.RLIMIT_NOFILE, &after)
	if before != after {
		t.Errorf("the harness's own limit went from %v to %v", before, after)
	}
	exit, err := p.Run(t.Context(), Options{})
	if err != nil || strings.HasPrefix(exit.Stdout, "1000\n1000\n") {
		t.Errorf("without a limit a child has %q, %v", exit.Stdout, err)
	}
	s := start(t, "good", Options{NoFile: 64})
	echo(t, s)
	if tracer := status(t, fmt.Sprintf("/proc/%d/status", s.PID()), "TracerPid"); tracer != "0" {
		t.Errorf("the server is still traced by %s", tracer)
	}
	if exit, err := s.Stop(t.Context()); err != nil || !exit.Clean() {
		t.Errorf("it %s, %v", exit, err)
	}
	if _, err := p.Run(t.Context(), Options{NoFile: 1 << 40}); err == nil || !strings.Contains(err.Error(), "limit of 1099511627776 descriptors") {
		t.Errorf("a limit that nobody can have: %v", err)
	}
}

// TestDescriptorsAreNotInherited: a server begins with its three streams, whatever the harness holds open.
func TestDescriptorsAreNotInherited(t *testing.T) {
	var open [2]int
	if err := unix.Pipe2(open[:], 0); err != nil { // without close-on-exec, as a careless parent does it
		t.Fatal(err)
	}
	defer unix.Close(open[0])
	defer unix.Close(open[1])
	look := fmt.Sprintf("for fd in 0 1 2 %d %d; do [ -e /proc/$$/fd/$fd ] && echo $fd; done; exit 0", open[0], open[1])
	exit, err := Command("sh", "sh", "-c", look).Run(t.Context(), Options{})
	if err != nil || exit.Stdout != "0\n1\n2\n" {
		t.Errorf("a first instruction had the descriptors %q, %v", exit.Stdout, err)
	}
}

// TestStdio: a server whose streams are closed is found by its socket, and no harness descriptor takes their place at exec.
func TestStdio(t *testing.T) {
	full := start(t, "good", Options{Stdio: FullStderr})
	if target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/2", full.PID())); err != nil || target != "/dev/full" {
		t.Errorf("stderr is %q, %v; want /dev/full", target, err)
	}
	closed := start(t, "good", Options{Stdio: ClosedAll})
	if target, err := os.Readlink(fmt.Sprintf("/proc/%d/fd/1", closed.PID())); err == nil && strings.HasPrefix(target, "pipe:") {
		t.Errorf("stdout is %q, though it was to be closed", target)
	}
	client, err := net.Dial(closed.Network(), closed.Addr())
	if err != nil {
		t.Fatal(err)
	}
	client.Close()
}

// TestBefore: what is changed of the forking thread the server inherits, and nobody else has.
func TestBefore(t *testing.T) {
	nice := func(pid int) string { // the 19th field of stat, the 17th behind the name
		stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
		if err != nil {
			t.Fatal(err)
		}
		return strings.Fields(string(stat[strings.LastIndexByte(string(stat), ')')+1:]))[16]
	}
	before := nice(os.Getpid())
	s := start(t, "good", Options{Before: func() error {
		if unix.Gettid() == os.Getpid() {
			return errors.New("this is the main thread, which never ends")
		}
		return unix.Setpriority(unix.PRIO_PROCESS, 0, 19)
	}})
	if got := nice(s.PID()); got != "19" || nice(os.Getpid()) != before {
		t.Errorf("the server has niceness %s, want 19; the harness %s, had %s", got, nice(os.Getpid()), before)
	}
	_, err := Command("good", executable(t, "good")).Start(t.Context(), Options{Before: func() error { return errors.New("not today") }})
	if err == nil || !strings.Contains(err.Error(), "not today") {
		t.Errorf("a failing Before: %v", err)
	}
}
