package spec

import (
	"fmt"
	"time"
)

// A loop that spins takes all the CPU that it can get: half a core and more on an idle machine, and its fair share on a
// busy one. A loop that sleeps takes next to nothing on either. The threshold lies between, far from both: right
// servers were measured below 2 %, spinning ones above 45 %.
const spinning = 0.10

// spinWindow is long enough that a share of a busy machine's CPU is surely served within it.
const spinWindow = 400 * time.Millisecond

// ExpectNoSpin demands that the server sleeps while there is nothing it can do. One quiet window of three is enough, so
// that the end of some work, or a garbage collection, is not taken for a spin; a spin spares none of them.
func (s *Server) ExpectNoSpin(while string) {
	lowest := 1.0
	for range 3 {
		if lowest = min(lowest, s.CPUDuring(spinWindow)); lowest < spinning {
			s.t.Eventf("%.1f %% of a core", 100*lowest)
			return
		}
	}
	s.t.Fatal(fmt.Sprintf("a server that sleeps while %s: less than %.0f %% of a core", while, 100*spinning),
		fmt.Sprintf("%.0f %% of a core at the least, in three windows of %v", 100*lowest, spinWindow))
}
