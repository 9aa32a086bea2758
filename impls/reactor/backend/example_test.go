package backend_test

import (
	"fmt"
	"log"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/backend"
)

// A pipe with a byte in it is readable, and says so with the token that it was registered with.
func ExampleOpen() {
	b, err := backend.Open("poll")
	if err != nil {
		log.Fatal(err)
	}
	defer b.Close()
	var pipe [2]int
	if err := unix.Pipe(pipe[:]); err != nil {
		log.Fatal(err)
	}
	defer unix.Close(pipe[0])
	defer unix.Close(pipe[1])

	if err := b.Set(pipe[0], backend.NewToken(7, 1), 0, backend.Read); err != nil {
		log.Fatal(err)
	}
	ready := make([]backend.Ready, 8)
	n, err := b.Wait(ready, 0)
	fmt.Println(n, err)

	unix.Write(pipe[1], []byte("x"))
	n, err = b.Wait(ready, time.Second)
	fmt.Println(n, err, ready[0].What, "for slot", ready[0].Token.Slot())

	if err := b.Set(pipe[0], backend.NewToken(7, 1), backend.Read, 0); err != nil { // before it is closed
		log.Fatal(err)
	}
	// Output:
	// 0 <nil>
	// 1 <nil> Read for slot 7
}
