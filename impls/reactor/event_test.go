package reactor

import (
	"errors"
	"fmt"
	"os"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// Reading, writing and both, in full duplex, with one-shot events that add themselves again.
func TestE1FullDuplex(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		const total = 4 << 20
		a, c := pair(t)
		for _, fd := range []int{a, c} {
			sent, received := 0, 0
			var writer, reader *Event
			writer = b.NewEvent(fd, Write, func(What) {
				n, _ := unix.Write(fd, make([]byte, min(50_000, total-sent)))
				if sent += max(0, n); sent < total {
					check(t, writer.Add(Forever))
				}
			})
			p := make([]byte, 30_000)
			reader = b.NewEvent(fd, Read|Persist, func(What) {
				n, _ := unix.Read(fd, p)
				if received += max(0, n); received == total {
					check(t, reader.Del())
				}
			})
			check(t, writer.Add(Forever))
			check(t, reader.Add(Forever))
			defer func() {
				equal(t, "bytes sent", sent, total)
				equal(t, "bytes received", received, total)
			}()
		}
		loop(t, b, 0, Empty)
	})
}

// Events on one descriptor become active in the order of their Add (libevent: the reverse).
func TestE2EventsOnOneDescriptor(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		write(t, peer, "x")
		var order []int
		for i, what := range []What{Read, Write, Read | Write, Read} {
			check(t, b.NewEvent(a, what, func(got What) {
				equal(t, "told", got, what)
				order = append(order, i)
			}).Add(Forever))
		}
		loop(t, b, 0, Empty)
		same(t, "order", order, []int{0, 1, 2, 3})
		if ready := b.Stats().Ready; ready != 1 {
			t.Errorf("the backend reported %d descriptors, want 1", ready)
		}
	})
}

// A one-shot event is deleted before its callback, which may add it again; two such may delete and re-add each other.
func TestE3OneShotIsDeletedFirst(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		write(t, peer, "never read")
		calls := 0
		var event *Event
		event = b.NewEvent(a, Read, func(What) {
			if event.Pending(Read) {
				t.Error("pending in its own callback")
			}
			if calls++; calls < 3 {
				check(t, event.Add(Forever))
			}
		})
		check(t, event.Add(Forever))
		loop(t, b, 0, Empty)
		equal(t, "calls", calls, 3)
	})
}

// An event that is active and then deleted is not called.
func TestE4DeleteCancelsActivation(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		write(t, peer, "x")
		events := make([]*Event, 2)
		calls := 0
		for i := range events {
			events[i] = b.NewEvent(a, Read, func(What) {
				calls++
				check(t, events[1-i].Del())
			})
			check(t, events[i].Add(Forever))
		}
		loop(t, b, 0, Empty)
		equal(t, "calls", calls, 1)
		equal(t, "active", b.active, 0)
	})
}

// An event that was activated by hand and is added then does wait for its descriptor (in libevent it never hears of it again).
func TestE5ActivateThenAdd(t *testing.T) {
	for name, persist := range map[string]What{"one-shot": 0, "persistent": Persist} {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				a, peer := pair(t)
				var told []What
				event := b.NewEvent(a, Read|persist, func(what What) { told = append(told, what) })
				event.Active(Write)
				check(t, event.Add(Forever))
				turns(t, b, 1)
				write(t, peer, "x")
				turns(t, b, 1)
				same(t, "told", told, []What{Write, Read})
				equal(t, "still pending", event.Pending(Read), persist != 0)
			})
		})
	}
}

// Activations before the callback are one, with all their conditions.
func TestE4ActivationsMerge(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var told []What
		event := b.NewEvent(-1, 0, func(what What) { told = append(told, what) })
		event.Active(Read)
		event.Active(Write)
		if !event.Pending(Read) || !event.Pending(Write) || event.Pending(Closed) {
			t.Error("an active event counts as pending for what it will be told")
		}
		loop(t, b, 0, Empty)
		same(t, "told", told, []What{Read | Write})
	})
}

// When a descriptor is closed while registered and its number reused, only the new owner hears of the new file
// (in libevent on epoll nobody does, on poll both).
func TestE6ReusedDescriptor(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		old, _ := pair(t)
		fresh, freshPeer := pair(t)
		var told []string
		stale := b.NewEvent(old, Read|Persist, func(What) { told = append(told, "stale") })
		check(t, stale.Add(Forever))
		check(t, unix.Dup2(fresh, old)) // closes the old file and reuses its number
		event := b.NewEvent(old, Read|Persist, func(What) { told = append(told, "new") })
		check(t, event.Add(Forever))
		write(t, freshPeer, "x")
		turns(t, b, 1)
		same(t, "told", told, []string{"new"})
		equal(t, "the stale one is pending", stale.Pending(Read), false)
		check(t, stale.Del()) // takes nothing from the new owner
		turns(t, b, 1)
		same(t, "told", told, []string{"new", "new"})
		check(t, event.Del())
		loop(t, b, 0, Empty)
	})
}

// The old event is over altogether: a timeout that closes the descriptor of an idle connection must not reach it any more.
func TestE6ReusedDescriptorEndsTheTimeout(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		old, _ := pair(t)
		fresh, _ := pair(t)
		stale := b.NewEvent(old, Read|Persist, func(what What) { t.Errorf("the old event was told %v", what) })
		check(t, stale.Add(time.Second))
		check(t, unix.Dup2(fresh, old))
		event := b.NewEvent(old, Read, func(What) {})
		check(t, event.Add(Forever))
		equal(t, "the old one is pending", stale.Pending(Read|Timeout), false)
		v.pass(2 * time.Second)
		turns(t, b, 2)
		check(t, event.Del())
		loop(t, b, 0, Empty)
	})
}

// refusing is a backend without memory for more than some interests.
type refusing struct {
	backend.Backend
	room int
}

func (r *refusing) Set(fd int, token backend.Token, old, new What) error {
	if new&^old != 0 {
		r.room--
	}
	if r.room < 0 && new&^old != 0 {
		return unix.ENOMEM
	}
	return r.Backend.Set(fd, token, old, new)
}

// A replacement that has no room for all is not taken: nobody loses a registration, the loop's own bell not either.
func TestE7ReplacementWithoutRoom(t *testing.T) {
	for _, method := range backend.Methods() {
		t.Run(method, func(t *testing.T) {
			room := 1 << 20
			b := newBase(t, func(c *config) {
				c.inject = func() (backend.Backend, error) {
					inner, err := backend.Open(method)
					return &refusing{inner, room}, err
				}
			})
			a, peer := pair(t)
			told := 0
			event := b.NewEvent(a, Read|Persist, func(What) { told++; drain(a) })
			check(t, event.Add(Forever))
			for room = range 3 { // for none, for one, and for both
				for range 3 {
					b.washOut(true)
				}
				write(t, peer, "x")
				check(t, b.Post(func() { told++ }))
				turns(t, b, 2)
				equal(t, "calls", told, 2*(room+1))
			}
			equal(t, "replacements", b.Stats().Reopened, 1)
			equal(t, "orphans", b.Stats().Orphans, 0)
			check(t, event.Del())
		})
	}
}

// Nor does a replacement take a number for what it has come to name.
func TestE7ReplacementKnowsWhoseANumberIs(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		if b.completion != nil {
			t.Skip("a Proactor is never replaced: operations are under way on it")
		}
		old, _ := pair(t)
		fresh, freshPeer := pair(t)
		stale := b.NewEvent(old, Read|Persist, func(What) { t.Error("told of another's file") })
		check(t, stale.Add(Forever))
		check(t, unix.Dup2(fresh, old))
		for range 3 {
			b.washOut(true)
		}
		write(t, freshPeer, "x")
		turns(t, b, 2)
		equal(t, "the old one is pending", stale.Pending(Read), false)
	})
}

// Readiness that was on its way when its owner left does not reach the next owner of the number.
func TestE6StaleTokens(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, _ := pair(t)
		calls := 0
		first := b.NewEvent(a, Read, func(What) { calls++ })
		check(t, first.Add(Forever))
		token := backend.NewToken(a, b.fds.entry(a).generation)
		check(t, first.Del())
		second := b.NewEvent(a, Read, func(What) { calls++ })
		check(t, second.Add(Forever))
		b.activateReady([]backend.Ready{{Token: token, What: Read}})
		loop(t, b, NonBlock, Passed)
		equal(t, "calls", calls, 0)
		equal(t, "stale", b.Stats().Stale, 1)
		check(t, second.Del())
	})
}

// A duplicate that keeps a file open keeps the registration of the closed number alive in epoll, out of reach of any call; the loop
// gets rid of it instead of spinning.
func TestE7RegistrationWithoutOwner(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		twin, err := unix.Dup(a)
		check(t, err)
		event := b.NewEvent(twin, Read, func(What) { t.Error("called for a closed descriptor") })
		check(t, event.Add(Forever))
		check(t, unix.Close(twin))
		check(t, event.Del())
		write(t, peer, "x")
		other, otherPeer := pair(t)
		told := 0
		check(t, b.NewEvent(other, Read|Persist, func(What) { told++; drain(other) }).Add(Forever))
		turns(t, b, 10)
		before := b.Stats().Stale
		turns(t, b, 10)
		equal(t, "stale readiness", b.Stats().Stale, before)
		write(t, otherPeer, "x")
		turns(t, b, 1)
		equal(t, "calls of the live event", told, 1)
	})
}

// Duplicates are independent, and a number may get the same file back by dup2.
func TestE7Duplicate(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		twin, err := unix.Dup(a)
		check(t, err)
		var told []string
		check(t, b.NewEvent(a, Read|Persist, func(What) { told = append(told, "a") }).Add(Forever))
		event := b.NewEvent(twin, Read|Persist, func(What) { told = append(told, "twin") })
		check(t, event.Add(Forever))
		write(t, peer, "x")
		turns(t, b, 1)
		equal(t, "told", len(told), 2)
		check(t, event.Del())
		check(t, unix.Close(twin))
		check(t, unix.Dup2(a, twin))
		told = nil
		check(t, b.NewEvent(twin, Write, func(What) { told = append(told, "twin writes") }).Add(Forever))
		turns(t, b, 1)
		equal(t, "told", len(told), 2)
		unix.Close(twin)
	})
}

// An edge is told once, and still is after a sibling has gone; where there are no edges, level is what comes,
// Features says so, and ET is not among what is told.
func TestE8E9EdgeTriggered(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		edges := b.Features().Has(backend.EdgeTriggered)
		a, peer := pair(t)
		var told []What
		event := b.NewEvent(a, Read|Persist|ET, func(what What) { told = append(told, what) })
		sibling := b.NewEvent(a, Write|Persist|ET, func(What) {})
		check(t, event.Add(Forever))
		check(t, sibling.Add(Forever))
		turns(t, b, 1)
		check(t, sibling.Del())
		turns(t, b, 1)
		write(t, peer, "never read")
		turns(t, b, 3)
		if edges {
			same(t, "told", told, []What{Read | ET})
		} else {
			same(t, "told", told, []What{Read, Read, Read})
		}
	})
}

// One descriptor is either level- or edge-triggered for all its events, and a refusal changes nothing.
func TestE8MixedTriggers(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		calls := 0
		check(t, b.NewEvent(a, Read|Persist, func(What) { calls++ }).Add(Forever))
		edge := b.NewEvent(a, Read|ET, func(What) { t.Error("the refused event was called") })
		if err := edge.Add(Forever); !errors.Is(err, ErrTriggersMixed) {
			t.Fatalf("Add: %v, want ErrTriggersMixed", err)
		}
		equal(t, "pending after the refusal", edge.Pending(Read), false)
		write(t, peer, "x")
		turns(t, b, 2)
		equal(t, "calls", calls, 2)
	})
}

// The end of the stream, half-close and reset are told alike on all methods, to any interest, and only where there is one
// (libevent on epoll spins on a reset that only Closed waits for).
func TestE10EndsAreToldAlike(t *testing.T) {
	ends := map[string]func(t *testing.T, peer int){
		"fin": func(t *testing.T, peer int) { check(t, unix.Shutdown(peer, unix.SHUT_WR)) },
		"reset": func(t *testing.T, peer int) {
			check(t, unix.SetsockoptLinger(peer, unix.SOL_SOCKET, unix.SO_LINGER, &unix.Linger{Onoff: 1}))
			check(t, unix.Close(peer))
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			onEveryMethod(t, func(t *testing.T, b *Base) {
				for _, what := range []What{Read, Closed, Read | Closed} {
					if what.Has(Closed) && !b.Features().Has(backend.EarlyClose) {
						continue
					}
					client, server := tcpPair(t)
					var told What
					check(t, b.NewEvent(server, what, func(got What) { told = got }).Add(Forever))
					turns(t, b, 1)
					equal(t, "told before the end", told, 0)
					end(t, client)
					loop(t, b, 0, Empty)
					equal(t, "told", told, what)
					unix.Close(server)
					if name == "fin" {
						unix.Close(client)
					}
				}
			})
		})
	}
}

// tcpPair returns two connected loopback sockets, which the caller closes.
func tcpPair(t testing.TB) (client, server int) {
	t.Helper()
	listener, err := newSocket(unix.AF_INET)
	check(t, err)
	defer unix.Close(listener)
	check(t, unix.Bind(listener, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	check(t, unix.Listen(listener, 1))
	address, err := unix.Getsockname(listener)
	check(t, err)
	client, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM, 0)
	check(t, err)
	check(t, unix.Connect(client, address))
	check(t, unix.SetNonblock(client, true))
	var a accepter
	for deadline := time.Now().Add(soon); time.Now().Before(deadline); {
		if server, _, err = a.accept(listener); err == nil {
			return client, server
		}
	}
	t.Fatal(err)
	return
}

// Many ready at once are each called once a turn, and more than one wait can report are all called.
func TestE11ManyReadyAtOnce(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		write(t, peer, "x")
		const wanted = 5000
		calls := make([]int, 0, wanted)
		for i := range wanted {
			twin, err := unix.Dup(a)
			if err != nil {
				t.Logf("only %d descriptors: %v", i, err)
				break
			}
			defer unix.Close(twin)
			calls = append(calls, 0)
			check(t, b.NewEvent(twin, Read, func(What) { calls[i]++ }).Add(Forever))
		}
		loop(t, b, 0, Empty)
		for i, n := range calls {
			if n != 1 {
				t.Fatalf("event %d was called %d times", i, n)
			}
		}
	})
}

// What the backend refuses leaves the event as it was: neither descriptor nor timer is pending.
func TestE12RefusedDescriptor(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		file, err := os.CreateTemp(t.TempDir(), "")
		check(t, err)
		defer file.Close()
		for _, fd := range []int{int(file.Fd()), 1 << 20, 1 << 30} {
			event := b.NewEvent(fd, Read|Persist, func(What) { t.Error("a refused event was called") })
			if err := event.Add(time.Nanosecond); !errors.Is(err, unix.EPERM) && !errors.Is(err, unix.EBADF) {
				t.Fatalf("descriptor %d: %v, want EPERM or EBADF", fd, err)
			}
			if event.Pending(Read | Timeout) {
				t.Fatalf("descriptor %d is pending after it was refused", fd)
			}
			check(t, event.Del())
		}
		loop(t, b, 0, Empty)
		if n := b.fds.len(); n > 1<<12 {
			t.Errorf("a wild number has made a table of %d entries", n)
		}
	})
}

// A descriptor that is closed before Del, against the rule, neither wakes the loop nor keeps the number from its next owner.
func TestE6ClosedBeforeDel(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		fds := make([]int, 2)
		check(t, unix.Pipe(fds))
		defer unix.Close(fds[1])
		event := b.NewEvent(fds[0], Read|Persist, func(What) { t.Error("called for a closed descriptor") })
		check(t, event.Add(Forever))
		check(t, unix.Close(fds[0]))
		turns(t, b, 3)
		check(t, event.Del())
		loop(t, b, 0, Empty)
	})
}

// An event without descriptor waits for Active alone, from another goroutine by Post, and keeps the loop going.
func TestE5UserEvent(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var event *Event
		event = b.NewEvent(-1, Read|Persist, func(What) { check(t, event.Del()) })
		check(t, event.Add(Forever))
		go b.Post(func() { event.Active(Read) })
		loop(t, b, 0, Empty)
	})
}

// Once calls once, for a descriptor or for a time, and a refusal is an error and not a leak (libevent: a lock held for ever).
func TestE3OnceEvents(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		write(t, peer, "x")
		var told []What
		note := func(what What) { told = append(told, what) }
		check(t, b.Once(a, Read|Persist, Forever, note))
		check(t, b.Once(-1, 0, time.Second, note))
		if err := b.Once(1<<20, Read, Forever, note); err == nil {
			t.Error("no error for a wild descriptor")
		}
		loop(t, b, 0, Empty)
		same(t, "told", told, []What{Read, Timeout})
	})
}

// One-shot events that are ready together and each add the other anew: whoever comes first withdraws the other's activation, and the Add
// holds.
func TestE3EventsAddEachOther(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var events [2]*Event
		var calls [2]int
		for i := range events {
			a, peer := pair(t)
			write(t, peer, "never read")
			events[i] = b.NewEvent(a, Read, func(What) {
				calls[i]++
				check(t, events[1-i].Del())
				check(t, events[1-i].Add(Forever))
			})
			check(t, events[i].Add(Forever))
		}
		turns(t, b, 1)
		equal(t, "calls in the first turn", calls[0]+calls[1], 1)
		turns(t, b, 4)
		equal(t, "calls in five turns", calls[0]+calls[1], 5)
		equal(t, "events that wait", b.Pending(), 1)
	})
}

// An Add does not save what was activated while it was pending: that is deleted before its callback, with the new timeout. After a Del, and
// in the callback, an Add holds; and Persist is never deleted.
func TestE5AddOfWhatIsPendingAndActive(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		a, peer := pair(t)
		write(t, peer, "never read")
		var timer, reader, again *Event
		calls := 0
		call := func(What) { calls++ }
		timer, reader = b.NewEvent(-1, 0, call), b.NewEvent(a, Read, call)
		again = b.NewEvent(-1, 0, func(What) { check(t, again.Add(time.Hour)) })
		persistent, deleted := b.NewEvent(-1, Persist, call), b.NewEvent(-1, 0, call)
		for _, event := range []*Event{timer, reader, again, persistent, deleted} {
			check(t, event.Add(time.Minute))
			event.Active(Write)
		}
		check(t, deleted.Del())
		for _, event := range []*Event{timer, reader, again, persistent, deleted} {
			check(t, event.Add(2*time.Minute))
		}
		turns(t, b, 1)
		equal(t, "calls", calls, 3)
		for i, event := range []*Event{timer, reader, again, persistent, deleted} {
			equal(t, fmt.Sprint("event ", i, " waits"), event.Pending(Read|Timeout), i >= 2)
			check(t, event.Del())
		}
		loop(t, b, 0, Empty)
	})
}

// The end of a stream that Closed alone waits for is told again and again to a level, once to an edge, and keeps a loop going only as long as
// somebody waits for it.
func TestE8E10ClosedByLevelAndEdge(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		if !b.Features().Has(EarlyClose) {
			t.Skip("this method does not know Closed")
		}
		for name, end := range map[string]func(peer int){
			"shutdown": func(peer int) { unix.Shutdown(peer, unix.SHUT_WR) },
			"close":    func(peer int) { unix.Shutdown(peer, unix.SHUT_RDWR) }, // as the kernel sees it
		} {
			for _, how := range []What{0, Persist, ET, Persist | ET} {
				a, peer := pair(t)
				var told []What
				event := b.NewEvent(a, Closed|how, func(what What) { told = append(told, what) })
				check(t, event.Add(Forever))
				turns(t, b, 2)
				same(t, "told before the end", told, nil)
				end(peer)
				turns(t, b, 3)
				want := []What{Closed}
				if edge := how.Has(ET) && b.Features().Has(EdgeTriggered); edge {
					want[0] |= ET
				} else if how.Has(Persist) {
					want = []What{Closed, Closed, Closed}
				}
				same(t, fmt.Sprintf("told of %s to %v", name, event.What()), told, want)
				equal(t, "pending", event.Pending(Closed), how.Has(Persist))
				check(t, event.Del())
				loop(t, b, 0, Empty)
			}
		}
	})
}

// What becomes ready while others are called joins them: with one more in each turn, those that are ready are called in each.
func TestE11OneMoreReadyInEachTurn(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		const events = 70
		calls, want := make([]int, events), make([]int, events)
		add := func(i int) {
			a, peer := pair(t)
			write(t, peer, "never read")
			check(t, b.NewEvent(a, Read|Persist, func(What) { calls[i]++ }).Add(Forever))
		}
		for i := range events {
			add(i)
			turns(t, b, 1)
			want[i] = events - i
		}
		same(t, "calls", calls, want)
	})
}

// Interest that came and went leaves nothing that wakes the loop, and its descriptor free for the next.
func TestE6ChurnLeavesTheLoopAsleep(t *testing.T) {
	inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
		for range 50 {
			a, peer := pair(t)
			write(t, peer, "never read")
			reader, writer := b.NewEvent(a, Read, func(What) {}), b.NewEvent(a, Write|Persist, func(What) {})
			for range 4 {
				check(t, reader.Add(Forever))
				check(t, writer.Add(Forever))
				check(t, reader.Del())
				turns(t, b, 1)
				check(t, writer.Del())
			}
		}
		before := v.waits
		check(t, b.NewTimer(func() {}).Add(time.Second))
		loop(t, b, 0, Empty)
		if n := v.waits - before; n > 2 {
			t.Errorf("%d waits for one timer", n)
		}
	})
}

// Closing a base with events of all kinds pending and active is safe, and closes no descriptor of the user.
func TestCloseWithEverythingPending(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		write(t, peer, "x")
		never := func() { t.Error("called after Close") }
		check(t, b.NewEvent(a, Read|Persist, func(What) { never() }).Add(time.Hour))
		check(t, b.NewTicker(never).Add(time.Nanosecond))
		check(t, b.NewSignal(unix.SIGUSR2, never).Add(Forever))
		b.NewEvent(-1, 0, func(What) { never() }).Active(Read)
		check(t, b.Post(never))
		check(t, b.Close())
		equal(t, "pending", b.Pending(), 0)
		equal(t, "what the user's descriptor has", read(t, a), "x")
	})
}

// Data and then the end of the stream are two calls to a persistent reader; a reader and a blocked writer on one descriptor hear of the
// peer's close, and never before.
func TestE10DataThenEnd(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		a, peer := pair(t)
		var got []int
		var reader *Event
		reader = b.NewEvent(a, Read|Persist, func(what What) {
			n, err := unix.Read(a, make([]byte, 64))
			check(t, err)
			if got = append(got, n); n == 0 {
				check(t, reader.Del())
			}
		})
		equal(t, "what it waits for", reader.What(), Read|Persist)
		equal(t, "its descriptor", reader.FD(), a)
		check(t, reader.Add(Forever))
		write(t, peer, "data")
		check(t, unix.Shutdown(peer, unix.SHUT_WR))
		loop(t, b, 0, Empty)
		same(t, "read", got, []int{4, 0})

		ends, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
		check(t, err)
		c, far := ends[0], ends[1]
		defer unix.Close(c)
		check(t, unix.SetNonblock(c, true))
		fill(c)
		var told []What
		check(t, b.NewEvent(c, Read, func(what What) { told = append(told, what) }).Add(Forever))
		check(t, b.NewEvent(c, Write, func(what What) { told = append(told, what) }).Add(Forever))
		turns(t, b, 3)
		equal(t, "calls before the close", len(told), 0)
		check(t, unix.Close(far))
		loop(t, b, 0, Empty)
		same(t, "told", told, []What{Read, Write})
	})
}

// An Add that follows an activation is the newer of the two and holds, also if another one came and ran out in between, or the activation
// is for the next turn.
func TestE5AddHoldsAfterAnActivation(t *testing.T) {
	onEveryMethod(t, func(t *testing.T, b *Base) {
		var told []What
		timer := b.NewEvent(-1, 0, func(what What) { told = append(told, what) })
		b.NewEvent(-1, 0, func(What) {
			equal(t, "the first Add has run out", timer.Pending(Timeout) && !timer.timed(), true)
			check(t, timer.Add(time.Hour))
		}).Active(Read)
		timer.Active(Read)
		check(t, timer.Add(0))
		turns(t, b, 1)
		same(t, "told", told, []What{Read})
		equal(t, "the second Add holds", timer.Pending(Timeout), true)

		check(t, timer.Del())
		timer.ActiveLater(Write)
		check(t, timer.Add(time.Hour))
		turns(t, b, 2)
		same(t, "told", told, []What{Read, Write})
		equal(t, "the Add after ActiveLater holds", timer.Pending(Timeout), true)
		check(t, timer.Del())
	})
}
