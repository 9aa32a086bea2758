package simulated_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
	"reactorbench/impls/reactor/backend/simulated"
)

const all = backend.Read | backend.Write | backend.Closed

// twins are a pair of unix sockets here and one in the model, to which the same is done.
type twins struct {
	t        *testing.T
	kernel   *simulated.Kernel
	fd       int // in the model
	other    *simulated.End
	real     [2]int
	poller   backend.Backend
	epoll    backend.Backend
	history  []string
	interest backend.What
}

func newTwins(t *testing.T, style simulated.Style) *twins {
	k := simulated.New(simulated.Bytes(nil))
	k.Buffers = []int{1 << 20} // so large that neither is ever full
	w := &twins{t: t, kernel: k, poller: k.NewPoller(style)}
	var err error
	w.fd, w.other, err = k.Pair()
	check(t, err)
	w.real, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_NONBLOCK, 0)
	check(t, err)
	w.epoll, err = backend.Open(style.Name)
	check(t, err)
	return w
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// same holds what both said against each other.
func (w *twins) same(what string, model, real any) {
	w.history = append(w.history, fmt.Sprintf("%s: %v", what, real))
	if fmt.Sprint(model) != fmt.Sprint(real) {
		w.t.Fatalf("%s: the model says %v, the kernel %v, after %q", what, model, real, w.history)
	}
}

type answer struct {
	n   int
	err error
}

// do does one thing to both, and then looks at both.
func (w *twins) do(random *rand.Rand) {
	p := make([]byte, 1+random.IntN(100))
	call := func(n int, err error) answer { return answer{max(0, n), err} }
	switch random.IntN(8) {
	case 0, 1:
		w.same("write", call(w.kernel.Write(w.fd, p)), call(unix.Write(w.real[0], p)))
	case 2:
		w.same("read", call(w.kernel.Read(w.fd, p)), call(unix.Read(w.real[0], p)))
	case 3:
		w.same("write there", call(w.other.Write(p)), call(unix.Write(w.real[1], p)))
	case 4:
		w.same("read there", call(w.other.Read(p)), call(unix.Read(w.real[1], p)))
	case 5:
		w.setInterest([]backend.What{0, backend.Read, backend.Write, backend.Read | backend.Write, all}[random.IntN(5)])
	case 6:
		if random.IntN(3) == 0 {
			w.other.CloseWrite()
			unix.Shutdown(w.real[1], unix.SHUT_WR)
		}
	case 7:
		if random.IntN(3) == 0 {
			w.kernel.End(w.fd).CloseWrite()
			unix.Shutdown(w.real[0], unix.SHUT_WR)
		}
	}
	w.look()
}

func (w *twins) setInterest(what backend.What) {
	check(w.t, w.poller.Set(w.fd, 1, w.interest, what))
	check(w.t, w.epoll.Set(w.real[0], 1, w.interest, what))
	w.interest = what
}

func (w *twins) look() {
	w.same("ready for", w.told(w.poller), w.told(w.epoll))
}

// told is what one wait reports, as far as it was asked for.
func (w *twins) told(b backend.Backend) (what backend.What) {
	ready := make([]backend.Ready, 4)
	n, err := b.Wait(ready, 0)
	check(w.t, err)
	for _, r := range ready[:n] {
		what |= r.What
	}
	return what & w.interest
}

// end closes the other end, and reads and writes on until nothing is left to be told.
func (w *twins) end() {
	w.other.Close()
	unix.Close(w.real[1])
	p := make([]byte, 1<<16)
	for range 3 {
		w.look()
		mn, merr := w.kernel.Read(w.fd, p)
		rn, rerr := unix.Read(w.real[0], p)
		w.same("read after the end", answer{mn, merr}, answer{max(0, rn), rerr})
		_, merr = w.kernel.Write(w.fd, p[:1])
		_, rerr = unix.Write(w.real[0], p[:1])
		w.same("write after the end", merr, rerr)
	}
	unix.Close(w.real[0])
	check(w.t, w.epoll.Close())
}

// The sockets of the model do what those of Linux do, and each style reports what its method reports. What needs a network (lateness, RST on
// its way, full buffers) is the model's own.
func TestModelAgreesWithLinux(t *testing.T) {
	for _, style := range []simulated.Style{simulated.Epoll, simulated.Poll, simulated.Select} {
		t.Run(style.Name, func(t *testing.T) {
			for seed := range uint64(300) {
				random := rand.New(rand.NewPCG(seed, 0))
				w := newTwins(t, style)
				w.setInterest(all)
				for range 25 {
					w.do(random)
				}
				w.end()
			}
		})
	}
}
