package main

import (
	"bytes"
	"testing"
	"time"

	"reactorbench/conformance/spec"
	"reactorbench/impls"
)

// TestText shows a whole report of three implementations as it stands on the screen.
func TestText(t *testing.T) {
	var out bytes.Buffer
	r := newText(config{}, 3, &out, &bytes.Buffer{})
	gnet := target{Target: spec.Target{Name: "gnet"}, Impl: impls.Impl{Name: "gnet"}}
	libevent := target{Target: spec.Target{Name: "libevent/epoll"}, unavailable: "cc is not installed (apt install gcc)"}
	check := spec.Check{Slug: "data/one-byte", Level: spec.MUST, Says: "A single byte comes back without waiting for more."}
	passed := spec.Result{Check: check, Verdict: spec.Pass}
	failed := spec.Result{
		Check: check, Verdict: spec.Fail, Elapsed: 5 * time.Second, Again: "conformance -run data/one-byte -seed 7 ./impls/gnet",
		Failures: []spec.Failure{{Want: "1 byte", Got: "0 bytes, then nothing for 5.0 s"}}, Timeline: "0.000 connect · 0.001 sent 1",
	}
	known := spec.Result{Check: check, Verdict: spec.XFail, Known: "it reads lines"}

	r.begin(gnet)
	for _, result := range []spec.Result{passed, failed, known} {
		r.running(check)
		r.finished(result)
	}
	one := outcome{target: gnet, counts: tally{spec.Pass: 1, spec.Fail: 1, spec.XFail: 1}, elapsed: 5100 * time.Millisecond}
	r.end(one)
	r.unavailable(libevent)
	r.summary([]outcome{one, {target: libevent}})

	const want = `--- FAIL: gnet data/one-byte (5.00s)
    MUST  A single byte comes back without waiting for more.
    want  1 byte
    got   0 bytes, then nothing for 5.0 s
    when  0.000 connect · 0.001 sent 1
    again conformance -run data/one-byte -seed 7 ./impls/gnet
known gnet data/one-byte: it reads lines
FAIL  gnet                  1 passed, 1 failed, 0 skipped, 1 known failure                  5.1s
?     libevent/epoll        not available: cc is not installed (apt install gcc)
1 passed, 1 failed, 0 skipped, 1 known failure, 1 not available
`
	if out.String() != want {
		t.Errorf("got:\n%s\nwant:\n%s", out.String(), want)
	}
}
