package schedule

import "time"

// Shrink makes a failing schedule shorter as long as it fails: fewer commands first (delta debugging, Zeller and Hildebrandt
// 2002), then smaller numbers. fails runs a candidate and reports whether it still fails; a cautious one runs it
// several times, because races show themselves only sometimes. Shrink asks for no candidate twice, and asks for none
// that is not legal, nor more often than tries.
//
// The result has failed when it was last run, or is s itself.
func Shrink(s Schedule, tries int, fails func(Schedule) bool) Schedule {
	sh := shrinker{fails: fails, left: tries, seen: map[string]bool{s.String(): true}}
	for {
		before := s.String()
		s = sh.fewer(s)
		s = sh.smaller(s)
		if s.String() == before || sh.left <= 0 {
			return s.renumbered(&sh)
		}
	}
}

type shrinker struct {
	fails func(Schedule) bool
	left  int
	seen  map[string]bool
}

// try reports whether a candidate fails.
func (sh *shrinker) try(s Schedule) bool {
	text := s.String()
	if sh.left <= 0 || len(s) == 0 || sh.seen[text] {
		return false
	}
	sh.seen[text] = true
	sh.left--
	return sh.fails(s)
}

// fewer leaves out blocks of commands: halves, then quarters, down to single ones.
func (sh *shrinker) fewer(s Schedule) Schedule {
	for block := (len(s) + 1) / 2; block >= 1; {
		shorter := false
		for from := 0; from < len(s); {
			candidate := without(s, from, min(from+block, len(s)))
			if len(candidate) < len(s) && sh.try(candidate) {
				s, shorter = candidate, true
				continue
			}
			from += block
		}
		switch {
		case block > len(s) && len(s) > 0:
			block = len(s)
		case !shorter || block > 1:
			block /= 2
		}
	}
	return s
}

// without leaves out s[from:to], and what makes no sense then.
func without(s Schedule, from, to int) Schedule {
	kept := make(Schedule, 0, len(s))
	kept = append(kept, s[:from]...)
	return append(kept, s[to:]...).repaired()
}

// smaller takes the plainest number that still fails for each command.
func (sh *shrinker) smaller(s Schedule) Schedule {
	for i := range s {
		for _, plainer := range plainerThan(s[i]) {
			candidate := append(Schedule{}, s...)
			candidate[i] = plainer
			if sh.try(candidate) {
				s = candidate
				break
			}
		}
	}
	return s
}

// plainerThan proposes commands that are easier to read, the plainest first.
func plainerThan(c Command) (plainer []Command) {
	with := func(n int64) {
		if n < c.N {
			d := c
			d.N = n
			plainer = append(plainer, d)
		}
	}
	switch c.Verb {
	case Connect:
		with(0)
	case Send, Read:
		for n := int64(1); n <= 8<<20; n *= 8 {
			with(n)
		}
		with(c.N / 2)
	case Pause:
		if c.For > time.Millisecond {
			plainer = append(plainer, Command{Verb: Pause, For: time.Millisecond})
		}
	}
	return plainer
}

// renumbered calls the connections c1, c2, ... in the order of their appearance, if that still fails: which number a
// client has changes its bytes.
func (s Schedule) renumbered(sh *shrinker) Schedule {
	numbers := map[int]int{0: 0}
	named := append(Schedule{}, s...)
	for i, c := range named {
		if _, ok := numbers[c.Conn]; !ok {
			numbers[c.Conn] = len(numbers)
		}
		named[i].Conn = numbers[c.Conn]
	}
	if sh.left = max(sh.left, 1); sh.try(named) {
		return named
	}
	return s
}
