package spec

import (
	"strings"
	"testing"
)

// TestTraceLog reads what strace 6.1 writes, in pieces as a pipe brings them.
func TestTraceLog(t *testing.T) {
	const output = "strace: Process 4711 attached with 3 threads\n" +
		"[pid 4712] accept4(4, 0xc0000b, [112], SOCK_CLOEXEC) = -1 EPROTO (Protocol error) (INJECTED)\n" +
		"[pid 4712] accept4(4, {sa_family=AF_INET, sin_port=htons(7007)}, [112 => 16], SOCK_CLOEXEC) = 5\n" +
		"[pid 4713] <... accept4 resumed>0xc0000c, [112], 0) = -1 EPROTO (Protocol error) (INJECTED)\n" +
		"strace: Process 4714 attached\n" +
		"[pid 4714] write(5, \"(INJECTED)\\n\"..., 11) = 11\n" +
		"[pid 4714] write(5, \"x\", 1) = 1 (DELAYED)\n" +
		"strace: Process 4711 detached\n"
	for size := 1; size < len(output); size += 7 {
		var log traceLog
		for rest := output; rest != ""; {
			n := min(size, len(rest))
			log.Write([]byte(rest[:n]))
			rest = rest[n:]
		}
		if log.attached() != 2 || log.injected() != 3 || log.last() != "strace: Process 4711 detached" {
			t.Errorf("in pieces of %d: %d attached, %d injected, last %q", size, log.attached(), log.injected(), log.last())
		}
	}
}

// TestAcceptsIn: a turn begins with a wait of the same thread, and a call that strace shows in two lines is one.
func TestAcceptsIn(t *testing.T) {
	var log traceLog
	log.Write([]byte("strace: Process 4711 attached with 3 threads\n" +
		"[pid 4712] epoll_wait(3, [{events=EPOLLIN, data={u32=4}}], 128, -1) = 1\n" +
		"[pid 4712] accept4(4,  <unfinished ...>\n" +
		"[pid 4713] epoll_wait(5,  <unfinished ...>\n" +
		"[pid 4712] <... accept4 resumed>{sa_family=AF_INET, sin_port=htons(7007)}, [112 => 16], SOCK_CLOEXEC) = 5\n" +
		"[pid 4712] accept4(4, NULL, NULL, 0) = 6\n" +
		"[pid 4712] epoll_wait(3,  <unfinished ...>\n" +
		"[pid 4712] accept4(4, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)\n" +
		"[pid 4713] accept4(4, NULL, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)\n" +
		"strace: Process 4711 detached\n"))
	if accepts, turns := acceptsIn(log.calls()); accepts != 4 || turns != 3 {
		t.Errorf("%d accepts in %d turns of %v", accepts, turns, log.calls())
	}
	log = traceLog{}
	log.Write([]byte("io_uring_enter(4, 0, 1, IORING_ENTER_GETEVENTS, NULL, 8) = 0\n"))
	if accepts, turns := acceptsIn(log.calls()); len(log.calls()) != 1 || accepts != 0 || turns != 0 {
		t.Errorf("%d accepts in %d turns of %v", accepts, turns, log.calls())
	}
}

// TestNoInjectionIsNoPass: a server that strace has not seen at work has shown nothing.
func TestNoInjectionIsNoPass(t *testing.T) {
	target, _ := fake(t, right)
	result := run(t, target, stub(MUST, func(t *T) { t.demandInjections(0, acceptCalls) }))
	if result.Verdict != NotApplicable || !strings.Contains(result.Reason, "nothing was injected") {
		t.Errorf("%s: %s", result.Verdict, result.Reason)
	}
	result = run(t, target, stub(MUST, func(t *T) { t.demandInjections(3, acceptCalls) }))
	if result.Verdict != Pass || !strings.Contains(result.Reason, "3 system calls") {
		t.Errorf("%s: %s", result.Verdict, result.Reason)
	}
}

// TestWithoutStrace: the verdict says what is not installed.
func TestWithoutStrace(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	target, _ := fake(t, right)
	result := run(t, target, stub(MUST, func(t *T) { t.Server().Inject(fault{calls: acceptCalls}) }))
	if result.Verdict != Precondition || result.Reason != "strace is not installed" {
		t.Errorf("%s: %s", result.Verdict, result.Reason)
	}
}
