package spec_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"

	"reactorbench/conformance/spec"
)

// An author's own program may hold a server to the specification without package testing.
func ExampleRun() {
	report, err := spec.Run(context.Background(), spec.InProcess("mine", serve), spec.Options{Profile: spec.Core, Seed: 7})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, result := range report.Results {
		if result.Broken() {
			fmt.Print(result.Report(report.Target))
		}
	}
	fmt.Println("conformant:", report.Conformant())
	// Output: conformant: true
}

// serve is an echo server as a library may offer it.
func serve(addr string) (string, func(), error) {
	l, err := net.Listen("tcp", addr)
	if err != nil {
		return "", nil, err
	}
	var mu sync.Mutex
	conns := map[net.Conn]bool{}
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			conns[c] = true
			mu.Unlock()
			go func() {
				io.Copy(struct{ io.Writer }{c}, c)
				c.Close()
				mu.Lock()
				delete(conns, c)
				mu.Unlock()
			}()
		}
	}()
	stop := func() {
		l.Close()
		mu.Lock()
		defer mu.Unlock()
		for c := range conns {
			c.Close()
		}
	}
	return l.Addr().String(), stop, nil
}
