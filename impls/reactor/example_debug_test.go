package reactor_test

import (
	"fmt"
	"log"
	"strings"
	"time"

	"reactorbench/impls/reactor"
)

// Debug mode finds the call that another goroutine makes while the loop is running.
func ExampleWithDebug() {
	base, err := reactor.New(reactor.WithDebug())
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	found := make(chan string)
	base.NewTimer(func() {
		go func() {
			defer func() { found <- fmt.Sprint(recover()) }()
			base.Break() // the loop's own goroutine may, this one may not
		}()
		_, advice, _ := strings.Cut(<-found, "is looping: ")
		fmt.Println(advice)
	}).Add(0)
	base.Dispatch()
	// Output: hand it in by Post
}

// Who keeps the others waiting is told by name.
func ExampleWithSlowCallback() {
	slow := func(s reactor.SlowCallback) { fmt.Println("at least 5ms:", s.Took >= 5*time.Millisecond) }
	base, err := reactor.New(reactor.WithSlowCallback(time.Millisecond, slow))
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	base.NewTimer(func() { time.Sleep(5 * time.Millisecond) }).Add(0)
	base.Dispatch()
	// Output: at least 5ms: true
}

// Of what is active at the same time, the most urgent is called first, and the rest after another look at the kernel.
func ExampleWithPriorities() {
	base, err := reactor.New(reactor.WithPriorities(3))
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	for _, priority := range []int{2, 0, 1} {
		event := base.NewTimer(func() { fmt.Println("priority", priority) })
		if err := event.SetPriority(priority); err != nil {
			log.Fatal(err)
		}
		event.Active(reactor.Timeout)
	}
	base.Dispatch()
	fmt.Println(base.Stats().Turns, "turns")
	// Output:
	// priority 0
	// priority 1
	// priority 2
	// 3 turns
}

// A connection that is at its end delivers what it still has to say.
func ExampleBufferEvent_CloseAfterFlush() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	server, client := base.NewPair()
	client.OnEvent(func(what reactor.Outcome) {
		fmt.Println(client.Input().Len(), "bytes, then", what)
		client.Close()
	})
	client.Enable(reactor.Read)

	server.Write(make([]byte, 1_000_000))
	server.CloseAfterFlush() // Close would drop them
	base.Dispatch()
	fmt.Println("closed:", server.Closed())
	// Output:
	// 1000000 bytes, then EOF|Reading
	// closed: true
}
