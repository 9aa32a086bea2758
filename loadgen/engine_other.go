//go:build !linux

package main

const defaultEngine = "portable"

func engines() map[string]func(Plan) engine {
	return map[string]func(Plan) engine{"portable": newPortableEngine}
}

// refused is why this system does not let an engine run that it has.
func refused(string) error { return nil }
