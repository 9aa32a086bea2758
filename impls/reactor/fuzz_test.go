package reactor

import (
	"slices"
	"testing"
	"time"

	"reactorbench/impls/reactor/backend/simulated"
)

// FuzzSimulation has the fuzzer make the choices that a seed makes elsewhere: coverage leads it to schedules that no seed is likely to hit.
//
//	go test ./impls/reactor -run ^$ -fuzz FuzzSimulation -fuzztime 5m
func FuzzSimulation(f *testing.F) {
	for seed := range uint64(8) {
		f.Add(chosen(seed, 400))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		w := newWorld(simulated.Bytes(data), extent{clients: 4, bytes: 800, noise: 40, faults: true}, nothingWrong)
		if w.run(); w.failure != "" {
			t.Fatalf("turn %d, %s: %s\n%s", w.waits, w.style.Name, w.failure, w.k.Trace.Last(100))
		}
	})
}

// chosen is n bytes of a seed, to begin with.
func chosen(seed uint64, n int) []byte {
	choose := simulated.Seeded(seed)
	data := make([]byte, n)
	for i := range data {
		data[i] = byte(choose.Below(256))
	}
	return data
}

// FuzzTimers holds timers against a list: added, pushed back, drawn near, deleted and let pass in any order, they are called once, in
// the order of their deadlines, not early, and no later than the loop comes to them.
func FuzzTimers(f *testing.F) {
	for seed := range uint64(4) {
		f.Add(chosen(seed, 100))
	}
	f.Add([]byte{0, 10, 0, 10, 1, 15, 3, 25}) // pushed back, and others due before
	f.Fuzz(func(t *testing.T, data []byte) {
		m := newTimerList(t)
		for len(data) >= 2 {
			m.do(data[0], data[1])
			data = data[2:]
		}
		m.pass(1 << 20)
	})
}

// A timerList is the naive way to keep timers.
type timerList struct {
	t      *testing.T
	b      *Base
	now    moment
	timers [16]*Event
	due    [16]moment // 0: not pending
	called []int
}

func newTimerList(t *testing.T) *timerList {
	m := &timerList{t: t, now: 1}
	m.b = &Base{clock: func() moment { return m.now }, levels: make([]level, 1), running: noLevel}
	m.b.stats.Levels = make([]LevelStats, 1)
	for i := range m.timers {
		m.timers[i] = m.b.NewTimer(func() { m.called = append(m.called, i) })
	}
	return m
}

// do spends two bytes: the lower bits of the first say what, the upper ones with which timer.
func (m *timerList) do(what, n byte) {
	i := int(what >> 4)
	switch what & 3 {
	case 0, 1:
		m.timers[i].Add(time.Duration(n))
		m.due[i] = m.now + moment(n)
	case 2:
		m.timers[i].Del()
		m.due[i] = 0
	case 3:
		m.pass(moment(n))
	}
}

func (m *timerList) pass(d moment) {
	m.now += d
	var want []int
	for i, due := range m.due {
		if due != 0 && due <= m.now {
			want = append(want, i)
		}
	}
	slices.SortFunc(want, func(a, b int) int { return int(m.due[a] - m.due[b]) })
	m.b.now, m.called = 0, nil
	m.b.expire()
	m.b.runLevel()
	dues := func(timers []int) (due []moment) {
		for _, i := range timers {
			due = append(due, m.due[i])
		}
		return due
	}
	if !slices.Equal(dues(m.called), dues(want)) || !slices.Equal(sorted(m.called), sorted(want)) {
		m.t.Fatalf("at %d the timers %v were called, due at %v; want %v, due at %v", m.now, m.called, dues(m.called), want, dues(want))
	}
	for _, i := range want {
		m.due[i] = 0
	}
}

func sorted(list []int) []int {
	list = slices.Clone(list)
	slices.Sort(list)
	return list
}
