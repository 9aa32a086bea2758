package reactor

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// Time is the test's own here: it stands still while callbacks run and jumps from one tick to the next. So what a limit lets through is known
// to the byte.

// flood has bev receive without end, and returns what it has received so far.
func flood(t testing.TB, b *Base, bev, peer *BufferEvent) *int {
	t.Helper()
	received := new(int)
	bev.OnRead(func() { *received += bev.Input().Drain(math.MaxInt) })
	bev.Enable(Read)
	pour(peer)
	return received
}

// pour writes without end.
func pour(bev *BufferEvent) {
	more := func() { bev.Output().Write(make([]byte, 64<<10)) }
	bev.SetWatermark(Write, 32<<10, 0)
	bev.OnWrite(more)
	more()
}

// pass lets time go by.
func pass(t testing.TB, b *Base, d time.Duration) {
	t.Helper()
	check(t, b.NewTimer(b.Break).Add(d))
	loop(t, b, KeepAlive, Broken)
}

// between fails unless low <= got <= high.
func between(t testing.TB, what string, got, low, high int) {
	t.Helper()
	if got < low || got > high {
		t.Errorf("%s: %d, want %d to %d", what, got, low, high)
	}
}

// The average over many ticks is the rate: to the byte on a socket and a pair, within a unit of the filter on others.
func TestC15AverageOfEveryKind(t *testing.T) {
	for _, direction := range []What{Read, Write} {
		t.Run(direction.String(), func(t *testing.T) {
			forEachKind(t, func(t *testing.T, b *Base, v *virtualTime, bev, peer *BufferEvent) {
				const perTick, ticks = 5000, 40
				limit := RateLimit{Tick: 100 * ms, Read: Rate{PerTick: perTick}}
				receiver, sender := bev, peer
				if direction == Write {
					limit.Read, limit.Write = limit.Write, limit.Read
					receiver, sender = peer, bev
				}
				check(t, bev.SetRateLimit(limit))
				received := flood(t, b, receiver, sender)
				waits := v.waits
				pass(t, b, ticks*100*ms-ms)
				want := perTick * ticks
				between(t, "received", *received, want-64<<10*9/8, want)
				if _, filtered := bev.settings.transport.(*filter); !filtered {
					between(t, "received", *received, want-2000, want) // the last bytes may be on their way
				}
				if turns := v.waits - waits; turns > 30*ticks {
					t.Errorf("%d turns for %d ticks", turns, ticks)
				}
				receiver.OnRead(nil)
				sender.OnWrite(nil)
			})
		})
	}
}

func TestC15FirstTickIsTheRateAndLaterOnesSaveUp(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		check(t, bev.SetRateLimit(RateLimit{Read: Rate{PerTick: 1000, Burst: 3500}}))
		equal(t, "left at first", bev.RateLeft(Read), 1000)
		equal(t, "left to write", bev.RateLeft(Write), math.MaxInt)
		pass(t, b, 2*time.Second)
		equal(t, "saved up", bev.RateLeft(Read), 3000)
		pass(t, b, 20*time.Second)
		equal(t, "saved up at most", bev.RateLeft(Read), 3500)
		bev.SpendRate(4000, 1)
		equal(t, "debt", bev.RateLeft(Read), -500)

		got := take(bev)
		peer.Write([]byte("hello"))
		calm(t, b)
		equal(t, "received in debt", got.Len(), 0)
		pass(t, b, time.Second+ms)
		equal(t, "received when it is paid", got.String(), "hello")
	})
}

// While a limit holds a direction back nobody asks the kernel, and its timeout does not run.
func TestC15HeldBackIsAtRest(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, v *virtualTime, bev, peer *BufferEvent) {
		told := outcomes(bev)
		bev.SetTimeouts(time.Second, time.Second)
		limit := Rate{PerTick: 10}
		check(t, bev.SetRateLimit(RateLimit{Read: limit, Write: limit, Tick: time.Hour}))
		bev.SpendRate(10, 10)
		got, sent := take(bev), take(peer)
		peer.Write([]byte("in"))
		bev.Write([]byte("out"))
		calm(t, b)
		waits := v.waits
		pass(t, b, time.Minute)
		if spun := v.waits - waits; spun > 4 {
			t.Errorf("%d turns while held back", spun)
		}
		same(t, "told", *told, nil)
		equal(t, "moved", got.String()+sent.String(), "")
		bev.SpendRate(-5, -5)
		calm(t, b)
		equal(t, "moved afterwards", got.String()+sent.String(), "inout")
	})
}

func TestC15ChangedAndRemovedWhileHeldBack(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		slow := RateLimit{Read: Rate{PerTick: 1}, Tick: time.Hour}
		check(t, bev.SetRateLimit(slow))
		bev.SpendRate(1_000_000, 0)
		got := take(bev)
		peer.Write([]byte("hello"))
		calm(t, b)
		equal(t, "received", got.String(), "")
		check(t, bev.SetRateLimit(RateLimit{Read: Rate{PerTick: 1 << 20}}))
		pass(t, b, 2*time.Second)
		equal(t, "received with more", got.String(), "hello")

		check(t, bev.SetRateLimit(slow))
		bev.SpendRate(math.MaxInt32, 0)
		peer.Write([]byte(" again"))
		calm(t, b)
		equal(t, "received", got.String(), "hello")
		check(t, bev.SetRateLimit(RateLimit{}))
		calm(t, b)
		equal(t, "received without", got.String(), "hello again")
		equal(t, "left", bev.RateLeft(Read), math.MaxInt)
		bev.SpendRate(1, 1)
	})
}

// libevent ignores the size of single reads where there is a bucket.
func TestC15SingleReadsStayBounded(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, _ *virtualTime, bev, peer *BufferEvent) {
		var pieces []int
		bev.OnRead(func() { pieces = append(pieces, bev.Input().Drain(math.MaxInt)) })
		bev.SetMaxSingle(700, 0)
		check(t, bev.SetRateLimit(RateLimit{Read: Rate{PerTick: 1 << 20}}))
		bev.Enable(Read)
		peer.Write(make([]byte, 10_000))
		calm(t, b)
		sum := 0
		for _, n := range pieces {
			sum += n
			between(t, "one read", n, 1, 700)
		}
		equal(t, "all", sum, 10_000)
	})
}

// libevent's tests ratelimit_div_by_zero and ratelimit_overflow.
func TestC15LimitsThatMakeNoSense(t *testing.T) {
	b := newBase(t)
	bev, _ := b.NewPair()
	good := RateLimit{Read: Rate{PerTick: 10}}
	check(t, bev.SetRateLimit(good))
	group, err := b.NewRateGroup(good)
	check(t, err)
	for _, bad := range []RateLimit{
		{Read: Rate{PerTick: -1}},
		{Read: Rate{Burst: 10}},
		{Write: Rate{PerTick: 10, Burst: 9}},
		{Write: Rate{PerTick: 10, Burst: -9}},
		{Read: Rate{PerTick: 10}, Tick: -time.Second},
		{Read: Rate{PerTick: 10}, Tick: time.Microsecond},
		{Read: Rate{PerTick: 10}, Tick: math.MaxInt64},
		{Tick: time.Second, Write: Rate{PerTick: math.MinInt}},
	} {
		if err := bev.SetRateLimit(bad); err == nil {
			t.Errorf("%+v was taken", bad)
		}
		if err := group.SetLimit(bad); err == nil {
			t.Errorf("%+v was taken by a group", bad)
		}
		if _, err := b.NewRateGroup(bad); err == nil {
			t.Errorf("%+v was taken for a new group", bad)
		}
	}
	equal(t, "left of the good one", bev.RateLeft(Read), 10)
	if _, err := b.NewRateGroup(RateLimit{}); err == nil {
		t.Error("a group without a limit")
	}
	if err := group.SetMinShare(0); err == nil {
		t.Error("a minimum share of nothing")
	}
	bev.Close()
	for _, err := range []error{bev.SetRateLimit(good), group.Add(bev)} {
		if !errors.Is(err, ErrClosed) {
			t.Errorf("closed: %v", err)
		}
	}
	other := newBase(t)
	foreign, _ := other.NewPair()
	if group.Add(foreign) == nil {
		t.Error("a member of another base")
	}
}

// Extreme numbers overflow nowhere.
func TestC15Extremes(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := b.NewPair()
		check(t, bev.SetRateLimit(RateLimit{Read: Rate{PerTick: math.MaxInt}, Tick: time.Millisecond}))
		v.pass(1000 * time.Hour)
		equal(t, "left", bev.RateLeft(Read), mostTokens)
		check(t, bev.SetRateLimit(RateLimit{Read: Rate{PerTick: 1, Burst: math.MaxInt}, Tick: 24 * time.Hour}))
		bev.SpendRate(math.MinInt, math.MaxInt)
		equal(t, "left", bev.RateLeft(Read), mostTokens)
		for range 5 {
			bev.SpendRate(math.MaxInt, 0)
		}
		equal(t, "debt", bev.RateLeft(Read), -mostTokens)
		got := take(bev)
		peer.Write([]byte("x"))
		calm(t, b)
		equal(t, "received", got.Len(), 0)
		equal(t, "the limit ends in 292 years", bev.settings.extra.limit.refilled.deadline, math.MaxInt64)
		bev.Close()
		peer.Close()
		loop(t, b, 0, Empty)
	})
}

// crowd makes n members of a group, each of whom receives without end, and returns what each has received.
func crowd(t testing.TB, b *Base, group *RateGroup, n int) (members []*BufferEvent, received []*int) {
	t.Helper()
	for range n {
		bev, peer := socketKind(t, b)
		check(t, group.Add(bev))
		members = append(members, bev)
		received = append(received, flood(t, b, bev, peer))
	}
	return members, received
}

func totals(received []*int) (sum, least, most int) {
	least = math.MaxInt
	for _, n := range received {
		sum += *n
		least, most = min(least, *n), max(most, *n)
	}
	return
}

// libevent's test-ratelim: many connections, the group's average, and equal parts.
func TestC15GroupIsFair(t *testing.T) {
	for _, members := range []int{1, 3, 30} {
		t.Run(fmt.Sprint(members, " members"), func(t *testing.T) {
			inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
				const perTick, ticks = 60_000, 50
				group, err := b.NewRateGroup(RateLimit{Read: Rate{PerTick: perTick}, Tick: 100 * ms})
				check(t, err)
				all, received := crowd(t, b, group, members)
				pass(t, b, ticks*100*ms-ms)
				sum, least, most := totals(received)
				between(t, "all together", sum, perTick*ticks*99/100, perTick*ticks)
				if most-least > perTick/members*2 {
					t.Errorf("from %d to %d bytes a member", least, most)
				}
				read, written := group.Totals()
				equal(t, "counted", int(read), sum)
				equal(t, "counted", written, 0)
				group.ResetTotals()
				read, _ = group.Totals()
				equal(t, "counted anew", read, 0)
				for _, bev := range all {
					bev.Close()
				}
				equal(t, "members", group.Members(), 0)
			})
		})
	}
}

// With less for a tick than the minimum share of all, they take turns, and none starves.
func TestC15MinimumShareStarvesNobody(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		group, err := b.NewRateGroup(RateLimit{Read: Rate{PerTick: 1000}, Tick: 10 * ms})
		check(t, err)
		check(t, group.SetMinShare(500))
		_, received := crowd(t, b, group, 10)
		pass(t, b, 1000*ms)
		sum, least, most := totals(received)
		between(t, "all together", sum, 98_000, 101_000)
		between(t, "the least", least, 9_000, most)
		between(t, "the most", most, least, 11_000)
	})
}

// Idle members cost the others nothing (libevent divides by all).
func TestC15SharesAreOfActiveMembers(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		group, err := b.NewRateGroup(RateLimit{Read: Rate{PerTick: 10_000}, Tick: 100 * ms})
		check(t, err)
		for range 50 {
			idle, _ := socketKind(t, b)
			check(t, group.Add(idle))
			idle.Enable(Read)
		}
		_, received := crowd(t, b, group, 2)
		pass(t, b, 50*100*ms-ms)
		sum, least, most := totals(received)
		between(t, "all together", sum, 490_000, 500_000)
		between(t, "the least", least, most-20_000, most)
	})
}

// What modest members leave goes to those that want more, and the modest ones get what they ask for.
func TestC15ModestMembersGetTheirs(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		group, err := b.NewRateGroup(RateLimit{Read: Rate{PerTick: 10_000, Burst: 20_000}, Tick: 100 * ms})
		check(t, err)
		_, greedy := crowd(t, b, group, 1)
		modest, peer := socketKind(t, b)
		check(t, group.Add(modest))
		got := take(modest)
		const seconds = 20
		for range seconds {
			peer.Write(make([]byte, 1000))
			pass(t, b, time.Second)
		}
		equal(t, "the modest one got", got.Len(), seconds*1000)
		between(t, "the greedy one got", *greedy[0], seconds*(98_000-1000), seconds*(100_000)+20_000)
	})
}

func TestC15GroupWritesToo(t *testing.T) {
	forEachKind(t, func(t *testing.T, b *Base, v *virtualTime, bev, peer *BufferEvent) {
		group, err := b.NewRateGroup(RateLimit{Write: Rate{PerTick: 20_000}})
		check(t, err)
		check(t, group.Add(bev))
		check(t, group.Add(bev))
		equal(t, "group", bev.RateGroup() == group, true)
		received := flood(t, b, peer, bev)
		pass(t, b, 40*time.Second-ms)
		between(t, "received", *received, 40*20_000-100<<10, 40*20_000)
		_, written := group.Totals()
		between(t, "counted", int(written), *received, 40*20_000+64<<10)
		bev.OnWrite(nil)
		group.Remove(bev)
		group.Remove(bev)
		calm(t, b)
		equal(t, "held back without group", bev.settings.held(Write), false)
	})
}

// A group can be changed, spent by hand, left and dissolved while members wait in line.
func TestC15GroupChangesWhileMembersWait(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		group, err := b.NewRateGroup(RateLimit{Read: Rate{PerTick: 100}, Tick: time.Hour})
		check(t, err)
		members, received := crowd(t, b, group, 3)
		pass(t, b, time.Second)
		group.Spend(1000, 1000)
		between(t, "debt", group.Left(Read), -1200, -1000)
		equal(t, "left to write", group.Left(Write), math.MaxInt)
		sum, _, _ := totals(received)
		pass(t, b, time.Second)
		after, _, _ := totals(received)
		equal(t, "received in debt", after, sum)

		members[0].Close()
		group.Remove(members[1])
		turns(t, b, 100)
		if *received[1] < 1<<20 {
			t.Errorf("who left the group got %d bytes", *received[1])
		}
		members[1].Close()
		check(t, group.SetLimit(RateLimit{Read: Rate{PerTick: 10_000}, Tick: 10 * ms}))
		before := *received[2]
		pass(t, b, 1000*ms)
		between(t, "the last one gets all", *received[2]-before, 980_000, 1_010_000)
		other, err := b.NewRateGroup(RateLimit{Read: Rate{PerTick: 1}})
		check(t, err)
		check(t, other.Add(members[2]))
		equal(t, "members", fmt.Sprint(group.Members(), other.Members()), "0 1")
		members[2].Close()
		equal(t, "members", other.Members(), 0)
	})
}

// A limit of its own and one of the group: the stricter one counts.
func TestC15BothLimits(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		group, err := b.NewRateGroup(RateLimit{Read: Rate{PerTick: 10_000}, Tick: 100 * ms})
		check(t, err)
		members, received := crowd(t, b, group, 4)
		check(t, members[0].SetRateLimit(RateLimit{Read: Rate{PerTick: 500}, Tick: 100 * ms}))
		*received[0] = 0
		pass(t, b, 100*100*ms)
		sum, _, _ := totals(received)
		between(t, "the strict one", *received[0], 49_000, 50_500)
		between(t, "all together", sum, 985_000, 1_010_000)
	})
}

// A limit survives CloseAfterFlush: the rest goes out at its rate.
func TestC15CloseAfterFlushKeepsTheRate(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		bev, peer := owned(t, b)
		check(t, bev.SetRateLimit(RateLimit{Write: Rate{PerTick: 100}}))
		bev.Write(make([]byte, 1000))
		bev.CloseAfterFlush()
		begun := v.now
		for !bev.Closed() {
			b.Loop(Once)
		}
		equal(t, "received", drain(peer), 1000)
		if took := time.Duration(v.now - begun); took < 9*time.Second {
			t.Errorf("it took %v", took)
		}
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		loop(t, b, 0, Empty)
	})
}

// A limit counts what is written, also if a callback of the output fills it up again meanwhile.
func TestC8LimitWithAnOutputThatRefillsItself(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		bev, peer := owned(t, b)
		check(t, bev.SetRateLimit(RateLimit{Write: Rate{PerTick: 30}, Tick: time.Hour}))
		refills := 20
		bev.Output().OnChange(func(_, _, deleted int) {
			if deleted > 0 && refills > 0 {
				refills--
				bev.Write([]byte("0123456789"))
			}
		})
		bev.Write([]byte("0123456789"))
		calm(t, b)
		equal(t, "written", content(peer), strings.Repeat("0123456789", 3))
		equal(t, "left", bev.RateLeft(Write), 0)
		bev.Close()
	})
}
