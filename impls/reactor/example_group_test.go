package reactor_test

import (
	"fmt"
	"io"
	"net"
	"net/netip"
	"time"

	"reactorbench/impls/reactor"
)

// Two loops serve one address. From another goroutine, such as this one, everything goes through the group.
func ExampleGroup() {
	group, err := reactor.NewGroup(2)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer group.Close()
	listeners, err := group.Listen("tcp", "127.0.0.1:0", reactor.LeastConnections, func(base *reactor.Base, fd int, _ netip.AddrPort) {
		bev := base.NewBufferEvent(fd)
		bev.OnRead(func() { bev.Output().Append(bev.Input()) })
		bev.Enable(reactor.Read)
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	group.Start()

	conn, err := net.Dial("tcp", listeners[0].Addr())
	if err != nil {
		fmt.Println(err)
		return
	}
	conn.Write([]byte("hello"))
	conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(conn)
	conn.Close()
	fmt.Printf("%s, by %d loops, %d connection\n", answer, group.Len(), group.Stats().Accepted)

	group.Shutdown(reactor.Forever) // what is pending is delivered first
	fmt.Println(group.Wait())
	// Output:
	// hello, by 2 loops, 1 connection
	// <nil>
}

// How long a loop sleeps is between a prepare and a check.
func ExampleBase_NewPrepare() {
	base, err := reactor.New()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer base.Close()
	base.NewPrepare(func(wait time.Duration) { fmt.Println("may sleep for up to a millisecond:", wait <= time.Millisecond) })
	base.NewCheck(func() { fmt.Println("is awake") })
	base.NewTimer(func() { fmt.Println("the time has come") }).Add(time.Millisecond)
	base.Dispatch()
	// Output:
	// may sleep for up to a millisecond: true
	// is awake
	// the time has come
}
