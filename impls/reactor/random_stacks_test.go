package reactor

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"testing"
)

// Any stack of filters, any order of calls, any marks and limits: what comes is what was sent, and then the end.
func TestC11RandomStacks(t *testing.T) {
	random := seeded(t)
	for range 60 {
		seed := random.Uint64()
		inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
			randomStack(t, b, rand.New(rand.NewPCG(seed, 1)))
			if t.Failed() {
				t.Logf("seed %d", seed)
			}
		})
	}
}

// Whatever is closed, at whatever moment and from whichever callback: nothing is called that is over, and nothing is left.
func TestC9RandomStacksClose(t *testing.T) {
	random := seeded(t)
	before := runtime.NumGoroutine()
	for range 100 {
		seed := random.Uint64()
		inVirtualTime(t, func(t *testing.T, b *Base, v *virtualTime) {
			closeRandomly(t, b, rand.New(rand.NewPCG(seed, 2)))
			if t.Failed() {
				t.Logf("seed %d", seed)
			}
		})
	}
	goroutinesEnd(t, before)
}

func closeRandomly(t *testing.T, b *Base, random *rand.Rand) {
	one, other, name := buildStack(t, b, random)
	ends := [2]*end{newEnd(one, random), newEnd(other, random)}
	var all []*BufferEvent
	for _, e := range ends {
		for bev := e.bev; bev != nil; bev = bev.Underlying() {
			all = append(all, bev)
		}
	}
	shut := func() {
		bev := all[random.IntN(len(all))]
		[]func(){bev.Close, bev.CloseAfterFlush, bev.CloseWrite}[random.IntN(3)]()
	}
	for _, e := range ends {
		bev, read := e.bev, e.bev.Callbacks().Read
		bev.OnEvent(func(Outcome) {
			equal(t, name+": closing when told", bev.state >= draining, false)
			shut()
		})
		bev.OnRead(func() {
			equal(t, name+": closing when called", bev.state >= draining, false)
			if read(bev); random.IntN(20) == 0 {
				shut()
			}
		})
	}
	for range 60 {
		ends[random.IntN(2)].step(random)
		if random.IntN(40) == 0 {
			shut()
		}
		turns(t, b, random.IntN(3))
	}
	for _, bev := range all {
		bev.Close()
	}
	turns(t, b, 3)
	for _, bev := range all {
		equal(t, name+": closed", bev.Closed(), true)
	}
	equal(t, name+": pending", b.Pending(), 0)
	equal(t, name+": pairs", len(b.pairs), 0)
}

func buildStack(t *testing.T, b *Base, random *rand.Rand) (one, other *BufferEvent, name string) {
	make, name := socketKind, "socket"
	if random.IntN(2) == 0 {
		make, name = pairKind, "pair"
	}
	for range random.IntN(4) {
		layers := []struct {
			name string
			over func(maker) maker
		}{
			{"rot13", func(m maker) maker { return over(m, rot13) }},
			{"framed", func(m maker) maker { return over(m, framed) }},
			{"deflated", func(m maker) maker { return over(m, deflated) }},
			{"TLS", secure},
		}
		layer := layers[random.IntN(len(layers))]
		make, name = layer.over(make), layer.name+" over "+name
	}
	one, other = make(t, b)
	return one, other, name
}

func randomStack(t *testing.T, b *Base, random *rand.Rand) {
	one, other, name := buildStack(t, b, random)
	ends := [2]*end{newEnd(one, random), newEnd(other, random)}
	for range 20 + random.IntN(60) {
		ends[random.IntN(2)].step(random)
		turns(t, b, random.IntN(3))
	}
	for _, e := range ends {
		e.finish(func() {
			if ends[0].ended && ends[1].ended {
				b.Break()
			}
		})
	}
	stuck := b.NewTimer(func() {
		t.Errorf("%s: stuck\n%s\n%s", name, describe(one), describe(other))
		b.Break()
	})
	check(t, stuck.Add(soon))
	loop(t, b, KeepAlive, Broken)
	stuck.Del()
	for i, e := range ends {
		if from := ends[1-i]; !bytes.Equal(e.got.Bytes(), from.sent.Bytes()) {
			t.Errorf("%s: %d bytes came of %d", name, e.got.Len(), from.sent.Len())
		}
		e.bev.CloseAfterFlush()
	}
	loop(t, b, 0, Empty)
	equal(t, name+": closed", one.Closed() && other.Closed(), true)
}

// describe says where a stack stands, from the top down.
func describe(bev *BufferEvent) (text string) {
	for ; bev != nil; bev = bev.Underlying() {
		text += fmt.Sprintf("input %d, output %d, state %d, flags %08b, enabled %v, waits for %v, held back %v %v, marks %d %d",
			bev.input.Len(), bev.output.Len(), bev.state, bev.flags, bev.enabled, bev.io.what,
			bev.settings.held(Read), bev.settings.held(Write), bev.settings.readHigh, bev.settings.writeHigh)
		if f := bev.filter(); f != nil {
			text += fmt.Sprintf(", more %v, ended %v, %v", f.more, f.ended, f.inputErr)
		}
		text += "\n"
	}
	return text
}

// An end of a random conversation.
type end struct {
	bev       *BufferEvent
	sent, got bytes.Buffer
	ended     bool
	told      func()
}

func newEnd(bev *BufferEvent, random *rand.Rand) *end {
	e := &end{bev: bev, told: func() {}}
	bev.OnRead(func() {
		n := bev.Input().Len()
		if random.IntN(3) == 0 { // the rest later, or never by itself if that is at the high mark
			n = random.IntN(n + 1)
		}
		e.take(n)
	})
	bev.OnEvent(func(what Outcome) {
		if what != EOF|Reading {
			panic(fmt.Sprint("told ", what, ": ", bev.Err()))
		}
		e.take(bev.Input().Len())
		e.ended = true
		e.told()
	})
	return e
}

func (e *end) take(n int) {
	p := make([]byte, n)
	n, _ = e.bev.Input().Read(p)
	e.got.Write(p[:n])
}

func (e *end) step(random *rand.Rand) {
	bev := e.bev
	switch random.IntN(9) {
	case 0, 1, 2:
		p := bytes.Repeat([]byte{byte(random.Uint32())}, 1+random.IntN(1<<random.IntN(17)))
		e.sent.Write(p)
		bev.Output().Write(p)
	case 3:
		bev.Enable([]What{Read, Write, Read | Write}[random.IntN(3)])
	case 4:
		bev.Disable([]What{Read, Write, Read | Write}[random.IntN(3)])
	case 5:
		high := random.IntN(1 << random.IntN(18))
		bev.SetWatermark([]What{Read, Write}[random.IntN(2)], high/4*random.IntN(2), high)
	case 6:
		rate := 20_000 + random.IntN(100_000)
		bev.SetRateLimit(RateLimit{Tick: 100 * ms, Read: Rate{PerTick: rate}, Write: Rate{PerTick: rate, Burst: 2 * rate}})
	case 7:
		bev.Flush(Flushing)
	case 8:
		bev.SetMaxSingle(random.IntN(5000), random.IntN(5000))
	}
}

// finish sends the rest and the end, and takes all that comes.
func (e *end) finish(told func()) {
	e.told = told
	e.bev.SetWatermark(Read|Write, 0, 0) // two that are both full wait for each other
	e.bev.OnRead(func() { e.take(e.bev.Input().Len()) })
	e.take(e.bev.Input().Len())
	e.bev.Enable(Read | Write)
	e.bev.CloseWrite()
}
