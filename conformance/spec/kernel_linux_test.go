package spec

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// TestLookupFollowsAConnection walks one connection through its states and looks at the server's end of it.
func TestLookupFollowsAConnection(t *testing.T) {
	for _, address := range []string{"127.0.0.1:0", "[::1]:0"} {
		t.Run(address, func(t *testing.T) {
			l, err := net.Listen("tcp", address)
			if err != nil && address != "127.0.0.1:0" {
				t.Skipf("no IPv6 here: %v", err)
			}
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close()
			client, err := net.Dial("tcp", l.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer client.Close()
			server, err := l.Accept()
			if err != nil {
				t.Fatal(err)
			}
			var q inquiry
			defer q.close()
			at := fourTuple{netip.MustParseAddrPort(client.RemoteAddr().String()), netip.MustParseAddrPort(client.LocalAddr().String())}

			awaitSocket(t, &q, at, Socket{State: Established})
			client.Write([]byte("12345"))
			awaitSocket(t, &q, at, Socket{State: Established, Unread: 5})
			client.(*net.TCPConn).CloseWrite()
			awaitSocket(t, &q, at, Socket{State: CloseWait, Unread: 6}) // the FIN counts until it has been read
			server.Read(make([]byte, 5))
			server.Close()
			client.Read(make([]byte, 1))
			awaitSocket(t, &q, at, Socket{State: Gone})
		})
	}
}

func awaitSocket(t *testing.T, q *inquiry, at fourTuple, want Socket) {
	t.Helper()
	var got Socket
	for until := time.Now().Add(10 * time.Second); time.Now().Before(until); time.Sleep(time.Millisecond) {
		var err error
		if got, err = q.lookup(unix.Socket, at); err != nil {
			t.Fatal(err)
		}
		got.Inode = 0 // whatever it is
		if got == want {
			return
		}
	}
	t.Fatalf("the server's end is %v, want %v", got, want)
}

// TestAStaleAnswerIsNone: an answer that was not read, as when the reading of it failed, is not taken for that to the next question.
func TestAStaleAnswerIsNone(t *testing.T) {
	at := connectedPair(t)
	var q inquiry
	defer q.close()
	awaitSocket(t, &q, at, Socket{State: Established})
	nobody := fourTuple{server: at.client, client: netip.AddrPortFrom(at.client.Addr(), 1)}
	if err := unix.Sendto(q.fd, diagRequest(nobody, q.sequence), 0, &unix.SockaddrNetlink{Family: unix.AF_NETLINK}); err != nil {
		t.Fatal(err)
	}
	if got, err := q.lookup(unix.Socket, at); err != nil || got.State != Established {
		t.Errorf("the server's end is %v, %v; want it established", got, err)
	}
}

// TestAServerKeepsOneInquiry: it is opened once, closed with the server, and could be opened again.
func TestAServerKeepsOneInquiry(t *testing.T) {
	at := connectedPair(t)
	var s Server
	for range 2 {
		var inodes []uint64
		for range 3 {
			if got, err := s.lookup(at); err != nil || got.State != Established {
				t.Fatalf("the server's end is %v, %v", got, err)
			}
			inodes = append(inodes, inodeOfDescriptor(t, s.inquiry.fd))
		}
		if len(slices.Compact(inodes)) != 1 {
			t.Errorf("three questions took the sockets %v", inodes)
		}
		s.close(false)
		if left := socketsWithInode(t, inodes[0]); left > 0 {
			t.Errorf("%d descriptors of the inquiry are open behind close", left)
		}
	}
}

// connectedPair makes a connection that lives as long as the test.
func connectedPair(t *testing.T) fourTuple {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	return fourTuple{netip.MustParseAddrPort(client.RemoteAddr().String()), netip.MustParseAddrPort(client.LocalAddr().String())}
}

func inodeOfDescriptor(t *testing.T, fd int) uint64 {
	t.Helper()
	var stat unix.Stat_t
	if err := unix.Fstat(fd, &stat); err != nil {
		t.Fatal(err)
	}
	return stat.Ino
}

func socketsWithInode(t *testing.T, inode uint64) (count int) {
	t.Helper()
	all, err := socketsOf(os.Getpid())
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range all {
		if d.inode == inode {
			count++
		}
	}
	return count
}

func TestThreadsOfThisProcess(t *testing.T) {
	all := threads(os.Getpid())
	if len(all) == 0 || all[0].name == "" || all[0].state == 0 {
		t.Errorf("threads of this process: %v", all)
	}
	if first, ok := leader(os.Getpid()); !ok || first.id != os.Getpid() || first.name != all[0].name {
		t.Errorf("this process began with thread %v", first)
	}
	if none := threads(1 << 30); len(none) > 0 {
		t.Errorf("threads of no process: %v", none)
	}
}

func TestEqualThreadsAreOneFact(t *testing.T) {
	polls, waits := sleepsIn(t, "ep_poll"), sleepsIn(t, "futex")
	got := threadLines([]thread{{1, "main", 'S', polls}, {2, "pool", 'S', waits}, {3, "pool", 'S', waits}})
	if len(got) != 2 || got[0] != "1 thread main S in ep_poll" || got[1] != "2 threads pool S in futex" {
		t.Errorf("got %q", got)
	}
}

// sleepsIn makes the folder of a thread that sleeps there.
func sleepsIn(t *testing.T, where string) string {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "wchan"), []byte(where), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}
