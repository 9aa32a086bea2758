package reactor_test

import (
	"bufio"
	"fmt"
	"log"
	"net"
	"net/netip"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor"
)

// An echo server and its client in one loop.
func Example() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	listener, err := base.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
		bev := base.NewBufferEvent(fd)
		bev.OnRead(func() { bev.Output().Append(bev.Input()) })
		bev.Enable(reactor.Read)
	})
	if err != nil {
		log.Fatal(err)
	}

	client := base.NewBufferEvent(-1)
	client.OnEvent(func(what reactor.Outcome) { fmt.Println(what) })
	client.OnRead(func() {
		line := make([]byte, 100)
		n, _ := client.Input().Read(line)
		fmt.Printf("%s\n", line[:n])
		client.Close()
		listener.Close() // and with the server's connection the last thing to wait for will be gone
	})
	if err := client.Connect("tcp", listener.Addr()); err != nil {
		log.Fatal(err)
	}
	client.Write([]byte("hello")) // goes out when the connection stands
	client.Enable(reactor.Read)

	if err := base.Dispatch(); err != nil {
		log.Fatal(err)
	}
	fmt.Println("nothing left")
	// Output:
	// Connected
	// hello
	// nothing left
}

// Timers are events without a descriptor.
func ExampleBase_NewTicker() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	ticks := 0
	var ticker *reactor.Event
	ticker = base.NewTicker(func() {
		ticks++
		fmt.Println("tick", ticks)
		if ticks == 3 {
			ticker.Del()
		}
	})
	ticker.Add(time.Millisecond)
	base.NewTimer(func() { fmt.Println("before all ticks") }).Add(0)
	base.Dispatch()
	// Output:
	// before all ticks
	// tick 1
	// tick 2
	// tick 3
}

// A signal is an event like any other.
func ExampleBase_NewSignal() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	base.NewSignal(syscall.SIGUSR1, func() {
		fmt.Println("caught")
		base.Break()
	}).Add(reactor.Forever)

	syscall.Kill(syscall.Getpid(), syscall.SIGUSR1)
	base.Dispatch()
	// Output: caught
}

// A plain event says that a descriptor is ready; reading is up to you.
func ExampleBase_NewEvent() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	var fds [2]int
	if err := unix.Pipe(fds[:]); err != nil {
		log.Fatal(err)
	}
	unix.SetNonblock(fds[0], true)

	var event *reactor.Event
	event = base.NewEvent(fds[0], reactor.Read|reactor.Persist, func(what reactor.What) {
		p := make([]byte, 100)
		n, _ := unix.Read(fds[0], p)
		fmt.Printf("%v: %q\n", what, p[:n])
		if n == 0 { // the end of the stream is readable, too
			event.Del()
			unix.Close(fds[0])
		}
	})
	event.Add(reactor.Forever)

	base.NewTimer(func() {
		unix.Write(fds[1], []byte("hello"))
		base.NewTimer(func() { unix.Close(fds[1]) }).Add(time.Millisecond)
	}).Add(time.Millisecond)
	base.Dispatch()
	// Output:
	// Read: "hello"
	// Read: ""
}

// Other goroutines hand their wishes in.
func ExampleBase_Post() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	go func() {
		// ... long work, and then:
		base.Post(func() { fmt.Println("in the loop's goroutine") })
		base.Post(base.Break)
	}()
	base.Loop(reactor.KeepAlive) // there is nothing to wait for but the posts
	// Output: in the loop's goroutine
}

// A connection that says nothing for too long is closed.
func ExampleBufferEvent_SetTimeouts() {
	base, err := reactor.New()
	if err != nil {
		log.Fatal(err)
	}
	defer base.Close()

	var listener *reactor.Listener
	listener, err = base.Listen("tcp", "127.0.0.1:0", func(fd int, _ netip.AddrPort) {
		bev := base.NewBufferEvent(fd)
		bev.SetTimeouts(time.Millisecond, reactor.Forever)
		bev.OnEvent(func(what reactor.Outcome) {
			fmt.Println(what)
			bev.Write([]byte("too slow\n"))
			bev.CloseAfterFlush()
			listener.Close()
		})
		bev.Enable(reactor.Read)
	})
	if err != nil {
		log.Fatal(err)
	}

	answer := make(chan string)
	go func() { // a client of another kind
		conn, err := net.Dial("tcp", listener.Addr())
		if err != nil {
			log.Fatal(err)
		}
		defer conn.Close()
		line, _ := bufio.NewReader(conn).ReadString('\n')
		answer <- line
	}()
	base.Dispatch()
	fmt.Print(<-answer)
	// Output:
	// Timeout|Reading
	// too slow
}
