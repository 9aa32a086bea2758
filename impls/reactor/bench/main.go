// Command bench measures the loop alone, without sockets of TCP and without echo: how much it spends on telling that a descriptor is
// ready, and on timers. The same sequences, with the same names and the same random numbers, are in impls/libevent/bench.
//
//	bench dispatch N A W   N socket pairs; A bytes travel W hops in all, from pair to pair; prints the time of the hops
//	bench cascade N        N one-shot events with timeouts; one byte runs through all; adding the events is part of the time
//	bench timers N         N timers pending: add, move, cancel, expire
//	bench idle N           N descriptors with an idle timeout, each becomes active: the timeout starts anew each time
//
// Every line of output is STEP NANOSECONDS OPERATIONS, the nanoseconds of CPU time. REACTOR_METHOD chooses the backend.
package main

import (
	"fmt"
	"os"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor"
)

const rounds = 7

// A bench is one sequence on one base.
type bench struct {
	base          *reactor.Base
	events        []*reactor.Event
	pairs         [][2]int32
	left, arrived int
	random        uint64
}

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(arguments []string) error {
	numbers := make([]int, 0, 3)
	for _, word := range arguments[min(1, len(arguments)):] {
		n, err := strconv.Atoi(word)
		if err != nil || n < 1 {
			return fmt.Errorf("%q is not a number above 0", word)
		}
		numbers = append(numbers, n)
	}
	base, err := reactor.New()
	if err != nil {
		return err
	}
	defer base.Close()
	fmt.Fprintln(os.Stderr, "reactor,", base.Method())
	b := &bench{base: base, random: 88172645463325252}
	debug.SetGCPercent(-1) // nothing is allocated while it is measured; a collection of what was before would be
	switch {
	case len(numbers) == 3 && arguments[0] == "dispatch":
		return b.dispatch(numbers[0], numbers[1], numbers[2])
	case len(numbers) == 1 && arguments[0] == "cascade":
		return b.cascade(numbers[0])
	case len(numbers) == 1 && arguments[0] == "timers":
		return b.timers(numbers[0])
	case len(numbers) == 1 && arguments[0] == "idle":
		return b.idle(numbers[0])
	}
	return fmt.Errorf("usage: bench dispatch N ACTIVE HOPS | cascade N | timers N | idle N")
}

// now is the CPU time of the process: on a machine that others use too, the time on the wall is mostly theirs.
func now() time.Duration {
	var t unix.Timespec
	unix.ClockGettime(processClock, &t)
	return time.Duration(t.Nano())
}

func report(step string, since time.Duration, operations int) {
	fmt.Println(step, (now() - since).Nanoseconds(), operations)
}

// draw is xorshift64* (Vigna 2016), so that both programs draw the same deadlines.
func (b *bench) draw(below uint64) uint64 {
	b.random ^= b.random >> 12
	b.random ^= b.random << 25
	b.random ^= b.random >> 27
	return b.random * 2685821657736338717 % below
}

func (b *bench) makePairs(n int) error {
	var limit syscall.Rlimit
	syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit)
	limit.Cur = limit.Max
	syscall.Setrlimit(syscall.RLIMIT_NOFILE, &limit)
	b.events = make([]*reactor.Event, n)
	for range n {
		pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		if err != nil {
			return os.NewSyscallError("socketpair", err)
		}
		for _, fd := range pair {
			unix.SetNonblock(fd, true)
		}
		b.pairs = append(b.pairs, [2]int32{int32(pair[0]), int32(pair[1])})
	}
	return nil
}

// send and receive move one byte, with a call that cannot block, as the loop itself makes them.
func (b *bench) send(i int) {
	if n, _, errno := syscall.RawSyscall6(unix.SYS_WRITE, uintptr(b.pairs[i][1]), pointer, 1, 0, 0, 0); n != 1 {
		panic(errno)
	}
}

func (b *bench) receive(fd int32) {
	if n, _, errno := syscall.RawSyscall6(unix.SYS_READ, uintptr(fd), pointer, 1, 0, 0, 0); n != 1 {
		panic(errno)
	}
	b.arrived++
}

func (b *bench) turnsUntil(arrived int) error {
	for b.arrived < arrived {
		if _, err := b.base.Loop(reactor.Once); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) dispatch(n, active, hops int) error {
	if err := b.makePairs(n); err != nil {
		return err
	}
	for i := range b.events {
		fd, next := b.pairs[i][0], (i+1)%n
		b.events[i] = b.base.NewEvent(int(fd), reactor.Read|reactor.Persist, func(reactor.What) {
			b.receive(fd)
			if b.left > 0 {
				b.left--
				b.send(next)
			}
		})
		if err := b.events[i].Add(reactor.Forever); err != nil {
			return err
		}
	}
	for range rounds {
		b.arrived, b.left = 0, hops-active
		for i := range active {
			b.send(i * (n / active))
		}
		began := now()
		if err := b.turnsUntil(hops); err != nil {
			return err
		}
		report("dispatch", began, hops)
	}
	return nil
}

func (b *bench) cascade(n int) error {
	if err := b.makePairs(n); err != nil {
		return err
	}
	for i := range b.events {
		fd := b.pairs[i][0]
		b.events[i] = b.base.NewEvent(int(fd), reactor.Read, func(reactor.What) {
			b.receive(fd)
			if i+1 < n {
				b.send(i + 1)
			}
		})
	}
	for range rounds {
		b.arrived = 0
		began := now()
		for _, e := range b.events {
			if err := e.Add(time.Minute); err != nil {
				return err
			}
		}
		b.send(0)
		if err := b.turnsUntil(n); err != nil {
			return err
		}
		report("cascade", began, n)
	}
	return nil
}

// addAll gives every timer a deadline between 60 and 120 s from now: none expires while it is measured.
func (b *bench) addAll() error {
	for _, e := range b.events {
		later := time.Duration(60+b.draw(60))*time.Second + time.Duration(b.draw(1_000_000))*time.Microsecond
		if err := e.Add(later); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) timers(n int) error {
	for range n {
		b.events = append(b.events, b.base.NewTimer(func() { b.arrived++ }))
	}
	for range rounds {
		for _, step := range []string{"add", "move"} {
			began := now()
			if err := b.addAll(); err != nil {
				return err
			}
			report(step, began, n)
		}
		began := now()
		for _, e := range b.events {
			if err := e.Del(); err != nil {
				return err
			}
		}
		report("cancel", began, n)
		if err := b.expire(n); err != nil {
			return err
		}
	}
	return nil
}

func (b *bench) expire(n int) error {
	b.arrived = 0
	for _, e := range b.events {
		if err := e.Add(time.Duration(b.draw(1000)) * time.Microsecond); err != nil {
			return err
		}
	}
	time.Sleep(10 * time.Millisecond) // all have come by now: what is measured is taking them out
	began := now()
	if err := b.turnsUntil(n); err != nil {
		return err
	}
	report("expire", began, n)
	return nil
}

func (b *bench) idle(n int) error {
	if err := b.makePairs(n); err != nil {
		return err
	}
	for i := range b.events {
		b.events[i] = b.base.NewEvent(int(b.pairs[i][0]), reactor.Read|reactor.Persist, func(reactor.What) { b.arrived++ })
		if err := b.events[i].Add(time.Minute); err != nil {
			return err
		}
	}
	for range rounds {
		b.arrived = 0
		began := now()
		for _, e := range b.events {
			e.Active(reactor.Read)
		}
		if _, err := b.base.Loop(reactor.NonBlock); err != nil {
			return err
		}
		report("idle", began, n)
		if b.arrived != n {
			return fmt.Errorf("%d callbacks of %d events", b.arrived, n)
		}
	}
	return nil
}
