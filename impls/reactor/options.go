package reactor

import (
	"fmt"
	"os"
	"time"

	"reactorbench/impls/reactor/backend"
)

// An Option is an argument of [New].
type Option func(*config)

type config struct {
	method     string
	ignoreEnv  bool
	priorities int
	patience   int
	limits     turnLimits
	chunkBytes int

	inject func() (backend.Backend, error) // for tests: a backend that is on no list
	clock  func() moment                   // for tests: a time of their own
	socket sockets                         // for tests: a network of their own
	bell   bell                            // for tests: a wake-up of their own
	exists func(fd int) error              // for tests: descriptors of their own
}

func newConfig(options []Option) *config {
	c := &config{priorities: 1, patience: defaultPatience}
	for _, option := range options {
		option(c)
	}
	return c
}

// defaultPatience bounds how long urgent events may keep the others waiting: with a turn of 100 microseconds, 3 ms.
const defaultPatience = 32

// MethodVariable is the environment variable that names the backend of every base, whatever the program asks for.
const MethodVariable = "REACTOR_METHOD"

// Methods returns the names of this system's backends, the best one first.
func Methods() []string { return backend.Methods() }

// WithBackend chooses one of [Methods]; the empty name is the first of them.
func WithBackend(method string) Option { return func(c *config) { c.method = method } }

// WithoutEnv ignores the environment variable [MethodVariable].
func WithoutEnv() Option { return func(c *config) { c.ignoreEnv = true } }

// WithPriorities gives the base n priorities, 1 to 255, of which 0 is the most urgent; new events are in the middle, n/2. In each turn
// only the most urgent of the levels that have something to do is run.
func WithPriorities(n int) Option {
	if n < 1 || n > 255 {
		panic(fmt.Sprintf("reactor: WithPriorities(%d): there are 1 to 255", n))
	}
	return func(c *config) { c.priorities = n }
}

// WithPatience bounds the starving that strict priorities bring: a level that has something to do and was passed
// over for this many turns in a row (32 without this option) gets the next one.
func WithPatience(turns int) Option {
	if turns < 1 {
		panic(fmt.Sprintf("reactor: WithPatience(%d): at least one turn", turns))
	}
	return func(c *config) { c.patience = turns }
}

// WithTurnLimit makes the loop look at the backend again after so many callbacks, or so much time, in one level; 0 is without
// bound. Levels more urgent than priority from are not bounded. Time is looked at between callbacks.
func WithTurnLimit(callbacks int, length time.Duration, from int) Option {
	return func(c *config) { c.limits = turnLimits{callbacks, length, from} }
}

// WithChunkBytes sets the size of the chunks that bufferevents read into (64 KiB without this option), and with it the most that one
// read takes.
func WithChunkBytes(n int) Option { return func(c *config) { c.chunkBytes = n } }

func (c *config) open() (backend.Backend, error) {
	if c.inject != nil {
		return c.inject()
	}
	if method := os.Getenv(MethodVariable); method != "" && !c.ignoreEnv {
		return backend.Open(method)
	}
	return backend.Open(c.method)
}
