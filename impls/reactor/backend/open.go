package backend

import (
	"fmt"
	"slices"
	"strings"
)

// A method is one way of waiting that this system offers.
type method struct {
	name string
	open func() (Backend, error)
}

// Methods returns the names of this system's methods, the preferred one first.
func Methods() []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.name
	}
	return names
}

// Open returns a new Backend: the named one, or for the empty name the first of [Methods] that this kernel grants. An unknown name is an
// error that lists them; one that this kernel does not grant is [ErrUnavailable], or the system's error for want of descriptors or memory.
func Open(name string) (Backend, error) {
	if name == "" {
		return openFirst()
	}
	i := slices.IndexFunc(methods, func(m method) bool { return m.name == name })
	if i < 0 {
		return nil, fmt.Errorf("no backend %q here (there is: %s)", name, strings.Join(Methods(), ", "))
	}
	return methods[i].open()
}

func openFirst() (Backend, error) {
	var firstErr error
	for _, m := range methods {
		b, err := m.open()
		if err == nil {
			return b, nil
		}
		if firstErr == nil {
			firstErr = err
		}
	}
	return nil, firstErr
}
