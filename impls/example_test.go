package impls_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"

	"reactorbench/impls"
)

// From a folder to a server's last word.
func Example() {
	ctx := context.Background()
	builder, err := impls.NewBuilder()
	if err != nil {
		log.Fatal(err)
	}
	defer builder.Close()

	found, err := impls.Find("./testdata/good")
	if err != nil {
		log.Fatal(err)
	}
	for _, im := range found {
		if missing := im.Missing(); len(missing) > 0 {
			fmt.Println(im.Name, "is unavailable:", missing)
			continue
		}
		program, err := builder.Build(ctx, im)
		if err != nil {
			log.Fatal(err)
		}
		server, err := program.Start(ctx, impls.Options{})
		if err != nil {
			log.Fatal(err)
		}
		conn, err := net.Dial(server.Network(), server.Addr())
		if err != nil {
			log.Fatal(err)
		}
		io.WriteString(conn, "hello")
		word := make([]byte, len("hello"))
		io.ReadFull(conn, word)
		conn.Close()

		exit, err := server.Stop(ctx)
		fmt.Printf("%s echoed %q and %s, %v\n", im.Name, word, exit, err)
	}
	// Output: good echoed "hello" and exited with status 0, <nil>
}
