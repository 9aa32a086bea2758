package spec

import (
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files instead of comparing with them")

// golden compares text with testdata/NAME.golden.
func golden(t *testing.T, name, text string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if text != string(want) {
		t.Errorf("%s differs; go test -update writes it anew.\ngot:\n%s\nwant:\n%s", path, text, want)
	}
}

func TestReports(t *testing.T) {
	check := Check{
		Slug: "close/half-close-backlog", Level: MUST,
		Says: "After the client shuts down its sending side the server delivers every byte that it accepted " +
			"and then closes with FIN, even if its output was blocked at that moment.",
	}
	base := Result{Check: check, Elapsed: 610 * time.Millisecond, Seed: 7, Again: "conformance -run close/half-close-backlog -seed 7 ./impls/gnet"}
	lost := base
	lost.Failures = []Failure{{"7 864 320 bytes, then FIN", "4 194 304 bytes, then FIN: the tail is missing, what came is intact", nil}}
	lost.Timeline = "0.000 connect · 0.031 sent 7 864 320, blocked · 0.231 shutdown(WR) · 0.232 the server's end is CLOSE_WAIT · 0.241 FIN"
	lost.Facts = []string{"alive, 2 sockets, 9 descriptors, 9 280 KiB resident, 28ms CPU", "1 thread echo S in ep_poll"}
	lost.Verdict = Fail

	known, fixed, died, stuck, absent, flaky := lost, base, lost, base, base, lost
	known.Verdict, known.Known = XFail, "gnet drops its outbound buffer at close: https://github.com/panjf2000/gnet/issues/722"
	fixed.Verdict, fixed.Known = XPass, known.Known
	died.Verdict, died.Reason = Crash, "the server died: it was ended by signal 13 (broken pipe)"
	died.Facts = []string{"was ended by signal 13 (broken pipe)", "stderr: accept: connection reset"}
	stuck.Verdict, stuck.Reason = Hang, "after 20s, the check's budget, still waiting: room to send"
	absent.Verdict, absent.Reason = NotApplicable, "needs the server's process (-pid)"
	flaky.Verdict = Flaky
	passed := base
	passed.Verdict = Pass

	for name, result := range map[string]Result{
		"fail": lost, "xfail": known, "xpass": fixed, "crash": died, "hang": stuck, "n-a": absent, "flaky": flaky, "pass": passed,
	} {
		t.Run(name, func(t *testing.T) { golden(t, name, result.Report("gnet")) })
	}
}

func TestTheTimelineIsCutInTheMiddle(t *testing.T) {
	var l timeline
	for i := range 40 {
		l.events = append(l.events, event{time.Duration(i) * time.Millisecond, 1, "ping"})
	}
	want := "0.000 ping · 0.001 ping · 0.002 ping · 0.003 ping · (24 more) · 0.028 ping"
	if got := l.String(); len(got) < len(want) || got[:len(want)] != want {
		t.Errorf("got %s", got)
	}
}

func TestConnectionsAreNamedWhenThereAreSeveral(t *testing.T) {
	l := timeline{events: []event{{0, 1, "connect"}, {time.Millisecond, 2, "connect"}, {2 * time.Millisecond, 0, "SIGSTOP"}}}
	if got, want := l.String(), "0.000 c1 connect · 0.001 c2 connect · 0.002 SIGSTOP"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
