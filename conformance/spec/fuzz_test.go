package spec

import (
	"context"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"reactorbench/conformance/schedule"
)

// TestTheModelAcceptsARightServer: whatever is drawn, a right server keeps every promise.
func TestTheModelAcceptsARightServer(t *testing.T) {
	target := serve(t, echo)
	rapid.Check(t, func(rt *rapid.T) {
		text := rapid.Custom(drawSchedule).Draw(rt, "schedule")
		script, err := schedule.Parse(text)
		if err != nil {
			rt.Fatal(err)
		}
		if result := run(t, target, Replay(script, "drawn")); result.Verdict != Pass {
			rt.Fatalf("%s\n%s", text, result.Report("inside"))
		}
	})
}

// drawSchedule draws a schedule command by command, so that rapid shrinks it by itself. It is small: rapid carries out a
// hundred of them.
func drawSchedule(t *rapid.T) string {
	var lines []string
	verbs := []string{"connect", "connect 4096", "send", "read", "shutdown", "close", "reset"}
	for range rapid.IntRange(1, 25).Draw(t, "length") {
		line := rapid.SampledFrom([]string{"c1: ", "c2: ", "c3: "}).Draw(t, "client") + rapid.SampledFrom(verbs).Draw(t, "verb")
		if strings.HasSuffix(line, "send") || strings.HasSuffix(line, "read") {
			line += " " + rapid.StringMatching(`[1-9][0-9]{0,5}`).Draw(t, "bytes")
		}
		if _, err := schedule.Parse(strings.Join(append(lines, line), "\n")); err == nil {
			lines = append(lines, line)
		}
	}
	if len(lines) == 0 {
		return "c1: connect"
	}
	return strings.Join(lines, "\n")
}

// answersOnlyOnce is a server that forgets every connection's second block.
func answersOnlyOnce(_ *fakeProcess, c *net.TCPConn) {
	defer c.Close()
	b := make([]byte, 64<<10)
	for blocks := 0; ; blocks++ {
		n, err := c.Read(b)
		if blocks == 0 {
			c.Write(b[:n])
		}
		if err != nil {
			return
		}
	}
}

// TestAFailureIsShrunkAndWrittenDown: the report ends in a script of a few lines, the script is where the report says, and
// it fails when it is carried out again.
func TestAFailureIsShrunkAndWrittenDown(t *testing.T) {
	target, program := fake(t, answersOnlyOnce)
	dir := t.TempDir()
	r := Runner{Target: target, Options: Options{Seed: 7, Slow: 0.1, Artifacts: dir}}
	defer r.Close()
	result := r.Run(context.Background(), fuzzSchedule)
	report := result.Report("fake")
	if result.Verdict != Fail || !strings.Contains(report, "shrunk from ") || !strings.Contains(report, "replay: conformance -replay "+dir) {
		t.Fatalf("%s", report)
	}
	if program.starts() < 3 {
		t.Errorf("%d processes: candidates share one", program.starts())
	}
	files, _ := filepath.Glob(filepath.Join(dir, "*.schedule"))
	if len(files) != 1 {
		t.Fatalf("%d scripts in %s", len(files), dir)
	}
	text, err := os.ReadFile(files[0])
	if err != nil {
		t.Fatal(err)
	}
	script, err := schedule.Parse(string(text))
	if err != nil || len(script) > 5 {
		t.Errorf("%d commands, %v:\n%s", len(script), err, text)
	}
	if again := run(t, target, Replay(script, files[0])); again.Verdict != Fail || !strings.Contains(again.Again, "-replay "+files[0]) {
		t.Errorf("replayed: %s", again.Report("fake"))
	}
}

// TestWhatAPlaySees: each way of being wrong from outside becomes the clause that it breaks.
func TestWhatAPlaySees(t *testing.T) {
	const talk = "c1: connect; c1: send 100; c1: read 100"
	reply := func(f func(c *net.TCPConn, b []byte)) func(*fakeProcess, *net.TCPConn) {
		return func(_ *fakeProcess, c *net.TCPConn) {
			b := make([]byte, 64<<10)
			for n, err := c.Read(b); err == nil; n, err = c.Read(b) {
				f(c, b[:n])
			}
			c.Close()
		}
	}
	for name, test := range map[string]struct {
		server func(*fakeProcess, *net.TCPConn)
		clause schedule.Clause
		script string
	}{
		"right":           {right, "", talk},
		"a wrong byte":    {reply(func(c *net.TCPConn, b []byte) { b[len(b)/2]++; c.Write(b) }), schedule.Prefix, talk},
		"a byte too many": {reply(func(c *net.TCPConn, b []byte) { c.Write(append(b, 0)) }), schedule.NoMore, talk},
		"silence":         {reply(func(c *net.TCPConn, b []byte) {}), schedule.Delivers, talk},
		"an early end":    {reply(func(c *net.TCPConn, b []byte) { c.Write(b); c.CloseWrite() }), schedule.FINAfterFIN, talk}, // whole closing may be answered by RST
		"a reset":         {reply(func(c *net.TCPConn, b []byte) { c.SetLinger(0); c.Close() }), schedule.NoReset, talk},
		"a short end":     {reply(func(c *net.TCPConn, b []byte) { c.Write(b[:len(b)-1]) }), schedule.FINAfterAll, "c1: connect; c1: send 100; c1: shutdown"},
		"no end": {func(_ *fakeProcess, c *net.TCPConn) {
			b := make([]byte, 64<<10)
			for n, err := c.Read(b); err == nil; n, err = c.Read(b) {
				c.Write(b[:n])
			}
		}, schedule.EndsWithFIN, talk},
	} {
		t.Run(name, func(t *testing.T) {
			target, _ := fake(t, test.server)
			script, err := schedule.Parse(test.script)
			if err != nil {
				t.Fatal(err)
			}
			r := Runner{Target: target, Options: Options{Seed: 7, Slow: 0.1}}
			defer r.Close()
			result := r.Run(context.Background(), Replay(script, name))
			if test.clause == "" && result.Verdict != Pass || test.clause != "" && !strings.Contains(result.Detail(), "model: "+string(test.clause)) {
				t.Errorf("want %q in\n%s", test.clause, result.Report("fake"))
			}
		})
	}
}

func TestADeathIsTheLastPromise(t *testing.T) {
	target, _ := fake(t, dies)
	script, _ := schedule.Parse("c1: connect; c1: send 1; c1: read 1")
	result := run(t, target, Replay(script, "death"))
	if result.Verdict != Crash || !strings.Contains(result.Detail(), "model: "+string(schedule.LivesOn)) {
		t.Errorf("%s", result.Report("fake"))
	}
}
