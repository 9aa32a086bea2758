package reactor

import (
	"errors"
	"fmt"
	"time"

	"reactorbench/impls/reactor/backend"
)

// An Option is an argument of [New]. A value that makes no sense is New's to refuse.
type Option func(*config)

type config struct {
	refused    error // what the options themselves have found wrong
	method     string
	avoid      []string
	features   Features
	ignoreEnv  bool
	priorities int
	patience   int
	limits     turnLimits
	chunkBytes int
	uncached   bool
	debug      bool
	longest    time.Duration
	report     func(SlowCallback)

	inject func() (backend.Backend, error) // for tests: a backend that is on no list
	clock  func() moment                   // for tests: a time of their own
	socket sockets                         // for tests: a network of their own
	bell   bell                            // for tests: a wake-up of their own
	exists func(fd int) error              // for tests: descriptors of their own
}

func newConfig(options []Option) (*config, error) {
	c := &config{priorities: 1, patience: defaultPatience}
	for _, option := range options {
		option(c)
	}
	return c, c.refused
}

// refuse has New fail.
func (c *config) refuse(format string, args ...any) {
	c.refused = errors.Join(c.refused, fmt.Errorf(format, args...))
}

// defaultPatience bounds how long urgent events may keep the others waiting: with a turn of 100 microseconds, 3 ms.
const defaultPatience = 32

// WithPriorities gives the base n priorities, 1 (as without this option) to 255, of which 0 is the most urgent; new events are in the
// middle, n/2. In each turn only the most urgent of the levels that have something to do is run. Another n is refused by [ErrPriority].
func WithPriorities(n int) Option {
	return func(c *config) {
		if n < 1 || n > 255 {
			c.refuse("WithPriorities(%d): there are 1 to 255: %w", n, ErrPriority)
		}
		c.priorities = n
	}
}

// WithPatience bounds the starving that strict priorities bring: a level that has something to do and was passed
// over for this many turns in a row (1 or more; 32 without this option) gets the next one.
func WithPatience(turns int) Option {
	return func(c *config) {
		if turns < 1 {
			c.refuse("WithPatience(%d): at least one turn", turns)
		}
		c.patience = turns
	}
}

// WithTurnLimit makes the loop look at the backend again after so many callbacks, or so much time, in one level; 0 is without
// bound, as without this option. Levels more urgent than priority from are not bounded. Time is looked at between callbacks, and
// read anew after each.
func WithTurnLimit(callbacks int, length time.Duration, from int) Option {
	return func(c *config) {
		if callbacks < 0 || length < 0 || from < 0 {
			c.refuse("WithTurnLimit(%d, %v, %d): none of them is negative", callbacks, length, from)
		}
		c.limits = turnLimits{callbacks, length, from}
	}
}

// WithoutCachedTime has the clock read whenever a time is needed, not once a turn: for few callbacks that take long.
func WithoutCachedTime() Option { return func(c *config) { c.uncached = true } }

// WithChunkBytes sets the size in bytes of the chunks that bufferevents read into (64 KiB without this option, or with 0), and with it
// the most that one read takes. See NewPool of package evbuffer.
func WithChunkBytes(n int) Option {
	return func(c *config) {
		if n < 0 {
			c.refuse("WithChunkBytes(%d): a chunk has bytes", n)
		}
		c.chunkBytes = n
	}
}
