package evbuffer_test

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"

	"reactorbench/impls/reactor/evbuffer"
)

// An echo: what the kernel filled is what it empties.
func Example() {
	pair, _ := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM, 0)
	defer unix.Close(pair[0])
	defer unix.Close(pair[1])
	unix.Write(pair[0], []byte("hello"))

	pool := evbuffer.NewPool(0, 16)
	input, output := evbuffer.New(pool), evbuffer.New(pool)
	input.ReadFD(pair[1], 0)
	output.Append(input) // the chunk changes hands
	output.WriteFD(pair[1], 0)

	reply := make([]byte, 16)
	n, _ := unix.Read(pair[0], reply)
	fmt.Printf("%s, and %d bytes left\n", reply[:n], input.Len()+output.Len())
	// Output: hello, and 0 bytes left
}

func ExampleBuffer_ReadLine() {
	var b evbuffer.Buffer
	fmt.Fprint(&b, "first\r\nsecond\nunfinish")
	for line, ok := b.ReadLine(evbuffer.CRLF); ok; line, ok = b.ReadLine(evbuffer.CRLF) {
		fmt.Printf("%q\n", line)
	}
	fmt.Println(b.Len(), "bytes wait for the rest of their line")
	// Output:
	// "first"
	// "second"
	// 8 bytes wait for the rest of their line
}

// One message for many connections is in memory once.
func ExampleBuffer_AddBufferReference() {
	var message evbuffer.Buffer
	fmt.Fprint(&message, "news")
	var outputs [3]evbuffer.Buffer
	for i := range outputs {
		fmt.Fprintf(&outputs[i], "to %d: ", i)
		outputs[i].AddBufferReference(&message)
	}
	message.Reset()
	for i := range outputs {
		outputs[i].RemoveTo(&message, outputs[i].Len())
	}
	fmt.Printf("%s\n", message.Pullup(message.Len()))
	// Output: to 0: newsto 1: newsto 2: news
}

// Reserve is for whoever fills memory himself: a decoder, a read of one's own.
func ExampleBuffer_Reserve() {
	var b evbuffer.Buffer
	space := b.Reserve(16)
	n := copy(space, "as much as came")
	b.Commit(n)
	fmt.Println(b.Len())
	// Output: 15
}

// OnChange sees what passes.
func ExampleBuffer_OnChange() {
	var b evbuffer.Buffer
	watch := b.OnChange(func(orig, added, deleted int) {
		fmt.Printf("had %d, +%d, -%d\n", orig, added, deleted)
	})
	fmt.Fprint(&b, "hello")
	b.Drain(2)
	watch.Remove()
	b.Drain(3)
	// Output:
	// had 0, +5, -0
	// had 5, +0, -2
}

func ExampleBuffer_AddReference() {
	var b evbuffer.Buffer
	page := []byte("<html>a large page that is in memory anyway</html>\n")
	b.AddReference(page, func() { fmt.Println("sent; the page may change again") })
	b.WriteFD(int(os.Stdout.Fd()), 0)
}
