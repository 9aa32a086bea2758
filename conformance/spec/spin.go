package spec

import (
	"fmt"
	"time"
)

// A loop that spins is always runnable: what it does not get of a CPU it waits for in the scheduler's queue, and the two
// together are its whole time, on an idle machine and on a busy one. A loop that sleeps is neither.
//
// Known spinners are runnable for more than 45 % of the time; sleeping servers less than 2 %, unless the machine is so busy
// that they wait long for a CPU each time they wake. What tells then is that they do nothing with it: twenty wake-ups a
// second take a tenth of a per cent, and the most crowded of spinners was seen with 1.7 %.
const (
	spinRunnable = 0.30  // on a CPU or waiting for one
	spinCPU      = 0.005 // on a CPU
)

// spinWindow is some hundred turns of the scheduler.
const spinWindow = 400 * time.Millisecond

// A share is how a server spent a window of time: 1 is the whole of one core.
type share struct{ cpu, waiting float64 }

func (s share) spins() bool { return s.cpu >= spinCPU && s.cpu+s.waiting >= spinRunnable }

func (s share) String() string {
	return fmt.Sprintf("%.1f %% of its time on a CPU and %.0f %% waiting for one", 100*s.cpu, 100*s.waiting)
}

// ExpectNoSpin demands that the server sleeps while there is nothing it can do. One quiet window of three is enough, so
// that the end of some work, or a garbage collection, is not taken for a spin; a spin spares none of them.
func (s *Server) ExpectNoSpin(while string) {
	var spent share
	for range 3 {
		if spent = s.shareDuring(spinWindow); !spent.spins() {
			s.t.Eventf("the server spent %v", spent)
			return
		}
	}
	s.t.Fatal("a server that sleeps while "+while, "it spent "+spent.String())
}

func (s *Server) shareDuring(d time.Duration) share {
	began, before := time.Now(), s.runnable()
	s.t.Sleep(d)
	after, wall := s.runnable(), float64(time.Since(began))
	return share{float64(after.cpu-before.cpu) / wall, float64(after.waiting-before.waiting) / wall}
}

// runnable is what the server's threads have had of the CPUs, and how long they have waited for that, since they began.
func (s *Server) runnable() runnable {
	r, err := schedstat(s.PID())
	if err != nil {
		s.t.unobservable(err)
	}
	return r
}

type runnable struct{ cpu, waiting time.Duration }
