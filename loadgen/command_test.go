package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"reactorbench/results"
)

// The test program is also the command itself, and the servers that the command starts; the environment says which.
const (
	asCommand = "LOADGEN_TEST_COMMAND"
	asServer  = "LOADGEN_TEST_SERVER"
)

func TestMain(m *testing.M) {
	switch {
	case os.Getenv(asServer) != "":
		testServer(os.Getenv(asServer))
	case os.Getenv(asCommand) != "":
		os.Unsetenv(asCommand) // the servers inherit the rest
		main()
	default:
		os.Exit(m.Run())
	}
}

// testServer is a server of the contract with one fault.
func testServer(fault string) {
	if fault == "silent death" {
		fmt.Fprintln(os.Stderr, "no luck today")
		os.Exit(3)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		os.Exit(1)
	}
	fmt.Println("listening", l.Addr())
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	go func() {
		<-stop
		os.Exit(0)
	}()
	handle := map[string]handler{
		"none":       echo(unchanged),
		"none again": echo(unchanged),
		"wrong byte": wrongAt(1, 100),
		"stops":      stops(),
		"closes":     endsAt(1000),
		"resets":     resets,
		"talks":      talkative,
		"stalls":     stallsAt(640),
		"litters":    litters(),
		"slow":       delayed(600 * time.Millisecond),
		"deaf":       deaf,
		"dies": echo(func(_ int, offset int64, b []byte) ([]byte, bool) {
			if offset > 1000 {
				fmt.Fprintln(os.Stderr, "panic: as ordered")
				os.Exit(7)
			}
			return b, true
		}),
	}[fault]
	for number := 0; ; number++ {
		c, err := l.Accept()
		if err != nil {
			os.Exit(1)
		}
		go func() {
			defer c.Close()
			handle(number, c)
		}()
	}
}

// implementations writes a folder of implementations whose program is this test program, one variant for each fault.
func implementations(t *testing.T, faults ...string) string {
	t.Helper()
	type variant struct {
		Name string   `json:"name"`
		Env  []string `json:"env"`
	}
	manifest := struct {
		About    string    `json:"about"`
		Language string    `json:"language"`
		Design   string    `json:"design"`
		Run      []string  `json:"run"`
		Variants []variant `json:"variants"`
	}{About: "a test", Language: "Go", Design: "test", Run: []string{os.Args[0]}}
	for _, fault := range faults {
		manifest.Variants = append(manifest.Variants, variant{strings.ReplaceAll(fault, " ", "-"), []string{asServer + "=" + fault}})
	}
	text, err := json.Marshal(manifest)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(t.TempDir(), "server")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "impl.json"), text, 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

// loadgen starts the command.
func loadgen(t *testing.T, arguments ...string) (cmd *exec.Cmd, stdout, stderr *bytes.Buffer) {
	t.Helper()
	cmd = exec.Command(os.Args[0], arguments...)
	cmd.Env = append(os.Environ(), asCommand+"=1")
	stdout, stderr = new(bytes.Buffer), new(bytes.Buffer)
	cmd.Stdout, cmd.Stderr = stdout, stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, stdout, stderr
}

func exitCode(t *testing.T, cmd *exec.Cmd) int {
	t.Helper()
	err := cmd.Wait()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode()
}

// mine writes a small workload.
func mine(t *testing.T, loop string, conns int) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mine.json")
	text := fmt.Sprintf(`{"about":"a test","loop":%q,"conns":%d,"depth":1,"message_bytes":64}`, loop, conns)
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func open(t *testing.T, dir string) *results.Run {
	t.Helper()
	run, err := results.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	return run
}

func TestUsageErrorsAreOneSentence(t *testing.T) {
	broken := filepath.Join(t.TempDir(), "broken.json")
	os.WriteFile(broken, []byte(`{"loop":"closed","speed":1}`), 0o644)
	for _, c := range []struct {
		arguments []string
		want      string
	}{
		{[]string{"-nosuch"}, "-nosuch"},
		{nil, "name the servers"},
		{[]string{"-suite", "huge", "./x"}, `no suite is called "huge"; there are full, limits`},
		{[]string{"-workload", "closed-65", "./x"}, `no workload is called "closed-65"`},
		{[]string{"-workload", broken, "./x"}, broken + `: unknown field "speed"`},
		{[]string{"-workload", "closed-64", "-suite", "quick", "./x"}, "exclude each other"},
		{[]string{"./no/such/folder"}, "./no/such/folder"},
		{[]string{"-addr", "127.0.0.1:1", "./x"}, "leave out ./x"},
		{[]string{"-pid", "1", "./x"}, "-pid goes with -addr"},
		{[]string{"-engine", "steam", "-addr", "127.0.0.1:1"}, `no engine "steam"`},
		{[]string{"-duration", "1ms", "-addr", "127.0.0.1:1"}, "too short"},
		{[]string{"-blocks", "-2", "-addr", "127.0.0.1:1"}, "must be positive"},
		{[]string{"-loops", "0", "-addr", "127.0.0.1:1"}, "-loops is 0"},
		{[]string{"-set", "rate", "-addr", "127.0.0.1:1"}, "want FIELD=VALUE"},
		{[]string{"-workload", "open-20k", "-set", "speed=1", "-addr", "127.0.0.1:1"}, `unknown field "speed"`},
		{[]string{"-workload", "open-20k", "-rate", "-1", "-addr", "127.0.0.1:1"}, "workload open-20k: field rate is -1"},
		{[]string{"-workload", "open-20k", "-engine", "portable", "-addr", "127.0.0.1:1"}, "needs the epoll engine"},
		{[]string{"-workload", "churn-10", "-engine", "io_uring", "-addr", "127.0.0.1:1"}, "io_uring"}, // which cannot do churn, or is not there
		{[]string{"-workload", "closed-64", "-set", "ramp.till=1", "-addr", "127.0.0.1:1"}, "ramp.from, ramp.to, ramp.ms"},
		{[]string{"-workload", "closed-64", "-conns", "many", "-addr", "127.0.0.1:1"}, "-set conns=many: field conns is a string; it must be a whole number"},
		{[]string{"-workload", "closed-64", "-set", "storm=5", "-addr", "127.0.0.1:1"}, "field storm is a number; it must be true or false"},
		{[]string{"-workload", "closed-64", "-set", "mix=5", "-addr", "127.0.0.1:1"}, "field mix is a number; it must be a list"},
		{[]string{"-addr", "nonsense"}, "-addr nonsense is no address; want HOST:PORT"},
		{[]string{"-addr", "unix:"}, "-addr unix: is no address"},
		{[]string{"-export", "xlsx", "-addr", "127.0.0.1:1"}, `no export format "xlsx"; there are benchstat, csv, github, hgrm`},
		{[]string{"-patience", "1ns", "-addr", "127.0.0.1:1"}, "-patience is 1ns"},
		{[]string{"-every", "1ms", "-workload", "open-5k", "-addr", "127.0.0.1:1"}, "-every 1ms: want"},
		{[]string{"-every", "10ms", "-workload", "idle-2000", "-addr", "127.0.0.1:1"}, "-every is about latencies, of which an idle workload has none"},
		{[]string{"-stamps", "-workload", "idle-2000", "-addr", "127.0.0.1:1"}, "-stamps is about latencies"},
		{[]string{"-every", "10ms", "-sweep", "-workload", "open-5k", "-addr", "127.0.0.1:1"}, "-sweep and -every exclude each other"},
		{[]string{"-scale", "-workload", "open-5k", "-addr", "127.0.0.1:1"}, "-scale needs one closed workload with 8 connections or more"},
		{[]string{"-scale", "-sweep", "-workload", "open-5k", "-addr", "127.0.0.1:1"}, "-sweep and -scale exclude each other"},
		{[]string{"-set", "conns=19999", "-workload", "closed-64", "-addr", "127.0.0.1:1"}, "raise it with ulimit -n"},
		{[]string{"./x", "-seed", "1"}, "-seed comes too late"},
	} {
		cmd, stdout, stderr := loadgen(t, c.arguments...)
		if code := exitCode(t, cmd); code != 2 {
			t.Errorf("%q: exit status %d, want 2", c.arguments, code)
		}
		if text := stderr.String(); !strings.Contains(text, c.want) || strings.Count(text, "\n") != 1 || stdout.Len() != 0 {
			t.Errorf("%q: %q, want one line with %q", c.arguments, text, c.want)
		}
	}
}

func TestHelpAndList(t *testing.T) {
	cmd, stdout, _ := loadgen(t, "-h")
	if code := exitCode(t, cmd); code != 0 || !strings.Contains(stdout.String(), "loadgen -suite quick ./impls/...") || !strings.Contains(stdout.String(), "-blocks") {
		t.Errorf("-h: exit status %d, %q", code, stdout)
	}
	cmd, stdout, _ = loadgen(t, "-list")
	if code := exitCode(t, cmd); code != 0 {
		t.Errorf("-list: exit status %d", code)
	}
	for _, name := range append(names("workload"), names("suite")...) {
		if !strings.Contains(stdout.String(), "\n  "+name+" ") {
			t.Errorf("-list lacks %s: %q", name, stdout)
		}
	}
}

// A run over a right server and wrong ones keeps the figures of the first and names the faults of the others.
func TestFaultsDoNotStopTheRun(t *testing.T) {
	dir := implementations(t, "none", "wrong byte", "dies", "silent death")
	out := filepath.Join(t.TempDir(), "run")
	cmd, stdout, stderr := loadgen(t, "-workload", mine(t, "closed", 8), "-blocks", "2", "-duration", "300ms", "-seed", "5", "-out", out, dir)
	if code := exitCode(t, cmd); code != exitSomeFailed {
		t.Errorf("exit status %d, want %d; stderr:\n%s", code, exitSomeFailed, stderr)
	}
	t.Logf("\n%s%s", stderr, stdout)
	if want := "left out: server/silent-death did not start"; !strings.Contains(stderr.String(), want) || !strings.Contains(stderr.String(), "no luck today") {
		t.Errorf("stderr lacks %q", want)
	}
	wants := map[string]string{"server/none": "", "server/wrong-byte": "wrong byte at offset 100 of connection", "server/dies": "exited with status 7"}
	run := open(t, out)
	if len(run.Cells()) != 6 || len(run.Notes()) != 0 {
		t.Fatalf("%d records, notes %q", len(run.Cells()), run.Notes())
	}
	for _, r := range run.Cells() {
		want := wants[r.Impl]
		switch {
		case want == "" && runtime.GOOS == "linux" && r.MachineCPUNs <= 0:
			t.Errorf("%s: the machine's CPU time is %d", r.Impl, r.MachineCPUNs)
		case want == "" && (r.Failed() || r.Requests == 0 || r.ServerCPUNs <= 0 || r.HDR == "" || r.ClientCPUNs <= 0 || r.ClientProcessCPUNs <= 0):
			t.Errorf("%s: %+v", r.Impl, r)
		case want != "" && (!strings.Contains(r.Error, want) || r.Requests != 0 || r.HDR != ""):
			t.Errorf("%s: error %q, want %q; %d requests", r.Impl, r.Error, want, r.Requests)
		}
		if r.Bytes != r.Requests*64 || r.EnvID != run.Env().EnvID || r.RunID == "" {
			t.Errorf("%s: %d bytes of %d requests, env %s, run %s", r.Impl, r.Bytes, r.Requests, r.EnvID, r.RunID)
		}
	}
	if env := run.Env(); env.Plan.Seed != 5 || env.Plan.Blocks != 2 || env.Plan.Ended.IsZero() || len(env.Programs) != 3 {
		t.Errorf("env.json: %+v, %d programs", env.Plan, len(env.Programs))
	}
	if !strings.Contains(stdout.String(), "✗ 2 of 2 cells failed") {
		t.Errorf("the table does not show the failures:\n%s", stdout)
	}
}

// A suite of one's own says what to run and which variants take part.
func TestSuiteFile(t *testing.T) {
	path, out := filepath.Join(t.TempDir(), "short.json"), filepath.Join(t.TempDir(), "run")
	text := fmt.Sprintf(`{"about":"a test","workloads":[%q],"blocks":2,"measure_ms":300,"first_variant_only":true}`, mine(t, "closed", 4))
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	cmd, _, stderr := loadgen(t, "-suite", path, "-out", out, implementations(t, "none", "wrong byte"))
	if code := exitCode(t, cmd); code != 0 {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	run := open(t, out)
	if records := run.Cells(); len(records) != 2 || records[0].Impl != "server/none" || records[1].Block != 1 {
		t.Errorf("%+v", records)
	}
	if plan := run.Env().Plan; plan.Suite != "short" || plan.Seed == 0 {
		t.Errorf("plan %+v", plan)
	}
}

func TestIdleConnectionsAreWeighed(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	cmd, stdout, stderr := loadgen(t, "-workload", mine(t, "idle", 300), "-blocks", "1", "-out", out, implementations(t, "none"))
	if code := exitCode(t, cmd); code != 0 {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	r := open(t, out).Cells()[0]
	// Each connection of this server has a goroutine and a buffer of 64 KiB, of which a page or more is touched.
	if r.IdleConns != 300 || r.BytesPerIdleConn == nil || *r.BytesPerIdleConn < 4096 || r.ServerDescriptors < 300 || r.Requests != 0 ||
		runtime.GOOS == "linux" && (r.SocketBytesPerIdleConn == nil || *r.SocketBytesPerIdleConn < 0) {
		t.Errorf("%+v", r)
	}
	if !strings.Contains(stdout.String(), "bytes/idle connection") {
		t.Errorf("table:\n%s", stdout)
	}
}

func TestRunningServer(t *testing.T) {
	out := filepath.Join(t.TempDir(), "run")
	address := serve(t, echo(unchanged))
	arguments := []string{"-workload", mine(t, "closed", 8), "-blocks", "1", "-duration", "300ms", "-export", "csv,benchstat,hgrm", "-out", out, "-addr", address}
	cmd, _, stderr := loadgen(t, arguments...)
	if code := exitCode(t, cmd); code != 0 {
		t.Fatalf("exit status %d: %s", code, stderr)
	}
	for _, file := range []string{"records.csv", "benchmarks.txt", "hdr/*.hgrm", "hdr/[^n]*.hlog"} { // those of null are the calibration's
		if found, err := filepath.Glob(filepath.Join(out, file)); err != nil || len(found) != 1 {
			t.Errorf("%s: %v, %v", file, found, err)
		}
	}
	cmd, _, stderr = loadgen(t, append(arguments, "-engine", "portable")...)
	if code, want := exitCode(t, cmd), "holds records of the engine "+defaultEngine; defaultEngine != "portable" && (code != exitSomeFailed || !strings.Contains(stderr.String(), want)) {
		t.Errorf("another engine into the same folder: exit status %d, %q; want %q", code, stderr, want)
	}
	other := filepath.Join(t.TempDir(), "portable")
	cmd, _, stderr = loadgen(t, append(arguments, "-engine", "portable", "-out", other)...)
	if code := exitCode(t, cmd); code != 0 {
		t.Fatalf("portable engine: exit status %d: %s", code, stderr)
	}
	cmd, _, stderr = loadgen(t, append(arguments, "-pid", fmt.Sprint(os.Getpid()))...) // into the same folder
	if code := exitCode(t, cmd); code != 0 {
		t.Fatalf("with -pid: exit status %d: %s", code, stderr)
	}
	records := open(t, out).Cells()
	if len(records) != 2 || records[0].Impl != address {
		t.Fatalf("%d records", len(records))
	}
	if without, with := records[0], records[1]; without.ServerCPUNs != 0 || with.ServerCPUNs <= 0 || without.Requests == 0 {
		t.Errorf("CPU without -pid %d, with %d", without.ServerCPUNs, with.ServerCPUNs)
	}
	portable := open(t, other).Cells()[0]
	if records[0].Engine != defaultEngine || portable.Engine != "portable" {
		t.Errorf("engines %q and %q", records[0].Engine, portable.Engine)
	}
	if !portable.ClientLimited || !strings.Contains(strings.Join(portable.Warnings, "; "), "portable engine") {
		t.Errorf("the portable engine does not own up: %v, warnings %q", portable.ClientLimited, portable.Warnings)
	}
	cmd, _, stderr = loadgen(t, "-workload", mine(t, "closed", 8), "-blocks", "1", "-out", out, "-addr", "127.0.0.1:1")
	if code := exitCode(t, cmd); code != exitSomeFailed || !strings.Contains(stderr.String(), "refused") {
		t.Errorf("nobody listens: exit status %d, %s", code, stderr)
	}
}

// TestInterruptKeepsTheRecords interrupts the real command in the middle of a run and reads back what it left.
func TestInterruptKeepsTheRecords(t *testing.T) {
	for _, stop := range []os.Signal{os.Interrupt, syscall.SIGTERM} {
		out := filepath.Join(t.TempDir(), "run")
		cmd, _, stderr := loadgen(t, "-workload", mine(t, "closed", 8), "-blocks", "1000", "-duration", "20ms", "-out", out, implementations(t, "none"))
		waitForLines(t, filepath.Join(out, "records.jsonl"), 3+calibrations)
		cmd.Process.Signal(stop)
		if code := exitCode(t, cmd); code != exitInterrupted {
			t.Errorf("%v: exit status %d, want %d; %s", stop, code, exitInterrupted, stderr)
		}
		if !strings.Contains(stderr.String(), "records are in "+out) {
			t.Errorf("%v: stderr does not say where the records are: %s", stop, stderr)
		}
		run := open(t, out)
		if n := len(run.Cells()); n < 3 || n >= 1000 || len(run.Notes()) != 0 {
			t.Errorf("%v: %d records, notes %q", stop, n, run.Notes())
		}
		for i, r := range run.Cells() {
			if r.Block != i || r.Impl != "server/none" {
				t.Errorf("%v: record %d is of block %d of %s", stop, i, r.Block, r.Impl)
			}
		}
		if !run.Env().Plan.Ended.IsZero() {
			t.Errorf("%v: env.json says that the run came to its end", stop)
		}
	}
}

func waitForLines(t *testing.T, path string, n int) {
	t.Helper()
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(10 * time.Millisecond) {
		data, _ := os.ReadFile(path)
		count := 0
		for s := bufio.NewScanner(bytes.NewReader(data)); s.Scan(); {
			count++
		}
		if count >= n {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s has %d lines after a minute", path, count)
		}
	}
}
