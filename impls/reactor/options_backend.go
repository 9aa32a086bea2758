package reactor

import (
	"fmt"
	"os"
	"slices"
	"strings"

	"reactorbench/impls/reactor/backend"
)

// This file is about which backend a base gets: the one that the environment names, or the program, or else the first that fits.

// MethodVariable is the environment variable that names the backend of every base. It overrides WithBackend and WithoutBackend,
// but not WithFeatures: without those the program would be wrong.
const MethodVariable = "REACTOR_METHOD"

// Features are what some backends can do and others cannot.
type Features = backend.Features

const (
	EdgeTriggered = backend.EdgeTriggered // ET is honoured
	ConstantTime  = backend.ConstantTime  // a wait costs by the ready descriptors, not by the registered ones
	EarlyClose    = backend.EarlyClose    // Closed is told when the peer shuts down its sending half
)

// There is no feature for regular files, libevent's FDS: every backend refuses them, also those whose system would call them always ready.

// Methods returns the names of this system's backends, in the order in which New tries them.
func Methods() []string { return backend.Methods() }

// WithBackend requires one of [Methods]; the empty name leaves the choice to New. For another name New returns an error that lists them.
func WithBackend(method string) Option { return func(c *config) { c.method = method } }

// WithoutBackend avoids methods; several such options add up. What this system does not have is avoided as it is. To require
// and to avoid the same is [ErrNoBackend].
func WithoutBackend(methods ...string) Option {
	return func(c *config) { c.avoid = append(c.avoid, methods...) }
}

// WithFeatures requires a backend that has all of these; several such options add up. Where none has, New returns [ErrNoBackend].
func WithFeatures(features Features) Option { return func(c *config) { c.features |= features } }

// WithoutEnv ignores the environment variable [MethodVariable].
func WithoutEnv() Option { return func(c *config) { c.ignoreEnv = true } }

func (c *config) open() (backend.Backend, error) {
	if c.inject != nil {
		return c.inject()
	}
	if forced := os.Getenv(MethodVariable); forced != "" && !c.ignoreEnv {
		b, err := c.openNamed(forced)
		if err != nil {
			err = fmt.Errorf("environment variable %s: %w", MethodVariable, err)
		}
		return b, err
	}
	if c.method == "" {
		return c.openFirst()
	}
	if slices.Contains(c.avoid, c.method) {
		return nil, fmt.Errorf("backend %q is required and avoided: %w", c.method, ErrNoBackend)
	}
	return c.openNamed(c.method)
}

func (c *config) openNamed(method string) (backend.Backend, error) {
	b, err := backend.Open(method)
	if err != nil {
		return nil, err
	}
	if missing := c.features &^ b.Features(); missing != 0 {
		b.Close()
		return nil, fmt.Errorf("backend %q lacks %v: %w", method, missing, ErrNoBackend)
	}
	return b, nil
}

// openFirst takes the best method that fits, and otherwise says of each why it does not.
func (c *config) openFirst() (backend.Backend, error) {
	var reasons []string
	for _, method := range backend.Methods() {
		if slices.Contains(c.avoid, method) {
			reasons = append(reasons, fmt.Sprintf("backend %q is avoided", method))
			continue
		}
		b, err := c.openNamed(method)
		if err == nil {
			return b, nil
		}
		reasons = append(reasons, strings.TrimSuffix(err.Error(), ": "+ErrNoBackend.Error()))
	}
	return nil, fmt.Errorf("%w: %s", ErrNoBackend, strings.Join(reasons, "; "))
}

// reopen returns what opens another backend like first. Where the first choice is refused for the moment, for want of descriptors, the
// second is no replacement: it may lack what the program has seen the first to have.
func (c *config) reopen(first backend.Backend) func() (backend.Backend, error) {
	if c.inject != nil {
		return c.inject
	}
	return func() (backend.Backend, error) { return backend.Open(first.Name()) }
}
