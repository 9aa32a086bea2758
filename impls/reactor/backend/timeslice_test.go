package backend

import (
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

func (s *timeslice) itself() *timeslice { return s } // of a backend, which embeds it

// Others get their turn, on the only P that there is, when the slice is over, and not by every call. That one of them is run at once is
// the rule and not a promise: every 61st time the scheduler looks elsewhere first.
func TestATimesliceLetsOthersRun(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	var s timeslice
	for tries := 0; ; tries++ {
		var ran atomic.Bool
		s.yielded = time.Since(opened) - sliceLength
		go ran.Store(true)
		s.yieldWhenDue()
		if ran.Load() {
			break
		}
		if tries == 10 {
			t.Fatal("ten slices have let nobody run")
		}
	}
	before := s.yielded
	if s.yieldWhenDue(); s.yielded != before && time.Since(opened)-before < sliceLength {
		t.Error("yielded before the slice was over")
	}
}

// Where the last time is long ago, each method yields before a wait that may sleep, and not before one that cannot.
func TestEachMethodYieldsBeforeItSleeps(t *testing.T) {
	for _, method := range Methods() {
		b, err := Open(method)
		if err != nil {
			t.Logf("%s: %v", method, err)
			continue
		}
		defer b.Close()
		s, ready := b.(interface{ itself() *timeslice }).itself(), make([]Ready, 1)
		for _, test := range []struct {
			timeout time.Duration
			yields  bool
		}{{0, false}, {time.Nanosecond, true}} {
			s.yielded = -sliceLength
			if _, err := b.Wait(ready, test.timeout); err != nil && err != unix.EINTR {
				t.Fatal(method, err)
			}
			if yields := s.yielded >= 0; yields != test.yields {
				t.Errorf("%s, a wait of %v: yielded is %t", method, test.timeout, yields)
			}
		}
	}
}
