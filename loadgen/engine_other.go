//go:build !linux

package main

const defaultEngine = "portable"

func engines() map[string]func(Plan) engine {
	return map[string]func(Plan) engine{"portable": newPortableEngine}
}
