// Command bad is a server with one fault at a time, for the tests of the launcher. It takes connections and does not
// echo: here nobody sends.
package main

import (
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var (
	fault    = flag.String("fault", "", "what to do wrong")
	addr     = flag.String("addr", "127.0.0.1:0", "where to listen")
	announce = flag.String("announce", "", "the address to announce, whatever the truth is")
)

func main() {
	log.SetFlags(0)
	flag.Int("loops", 1, "not used")
	flag.Parse()
	before := map[string]func(){
		"dies":    func() { fmt.Fprintln(os.Stderr, "out of flux"); os.Exit(3) },
		"floods":  flood,
		"orphans": func() { leaveChild(false) },
		"flees":   func() { leaveChild(true) },
		"burns":   func() { go burn(time.Hour) },
		"burnt":   burnInThread,
		"swells":  swell,
	}
	if act, ok := before[*fault]; ok {
		act()
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM) // before it listens: from then on somebody may send the signal
	listener, err := net.Listen("tcp", *addr)
	if err != nil {
		log.Fatal(err)
	}
	go hold(listener)
	speak(listener.Addr().String())
	awaitTerm(stop)
}

// speak announces the address, or does what stands in its place.
func speak(bound string) {
	if *fault == "lies" {
		bound = "127.0.0.1:1"
	}
	if *announce != "" {
		bound = *announce
	}
	switch *fault {
	case "silent":
	case "garbled":
		fmt.Println("Server up and running on " + bound)
	case "endless":
		fmt.Print("listening " + bound)
	case "twice":
		fmt.Println("listening " + bound)
		fmt.Println("listening " + bound)
	default:
		fmt.Println("listening " + bound)
	}
}

// hold takes connections and keeps them, or the garbage collector would close them.
func hold(listener net.Listener) {
	open := make(map[net.Conn]bool)
	for {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		open[conn] = true
	}
}

func awaitTerm(stop <-chan os.Signal) {
	for range stop {
		switch *fault {
		case "stubborn":
		case "sulks":
			os.Exit(7)
		default:
			os.Exit(0)
		}
	}
}

func flood() {
	line := strings.Repeat("x", 1023) + "\n"
	for range 8 << 10 {
		os.Stderr.WriteString(line)
	}
	os.Stderr.WriteString("the flood is over\n")
}

// leaveChild starts itself once more and tells the child's number. The child stays in the process group, without a word
// of the environment, or it flees into another session and takes the environment along.
func leaveChild(flee bool) {
	child := exec.Command(os.Args[0], "-fault=silent")
	if !flee {
		child.Env = []string{"A=B"}
	}
	child.Stdout, child.Stderr = os.Stdout, os.Stderr // so the pipes stay open behind the parent
	child.SysProcAttr = &syscall.SysProcAttr{Setsid: flee}
	if err := child.Start(); err != nil {
		log.Fatal(err)
	}
	fmt.Fprintln(os.Stderr, child.Process.Pid)
}

func burn(cpu time.Duration) {
	for used() < cpu {
	}
}

// burnInThread burns 100 ms in a thread that ends with its goroutine.
func burnInThread() {
	over := make(chan bool)
	go func() {
		runtime.LockOSThread()
		burn(100 * time.Millisecond)
		close(over)
	}()
	<-over
}

func used() time.Duration {
	var usage unix.Rusage
	unix.Getrusage(unix.RUSAGE_SELF, &usage)
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func swell() {
	memory, err := unix.Mmap(-1, 0, 64<<20, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_ANON|unix.MAP_PRIVATE)
	if err != nil {
		log.Fatal(err)
	}
	for i := 0; i < len(memory); i += 4096 {
		memory[i] = 1
	}
	unix.Munmap(memory)
}
